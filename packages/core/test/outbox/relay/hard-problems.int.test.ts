import { describe, expect, test } from 'vitest'
import {
  errAsync,
  okAsync,
  orThrow,
  ResultAsync,
  type SinkFailure,
  type SinkReport,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import { acknowledge } from '../../../src/outbox/relay/acknowledge.ts'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import {
  change,
  deadRelay,
  nameOf,
  type OutboxFixture,
  recordingSink,
  type Session,
  useOutbox,
  versionsOf,
} from '../outbox-fixture.ts'

const open = useOutbox()

const busy: SinkFailure = { type: 'sink-failed', message: '503', retryable: true }
const refused: SinkFailure = { type: 'sink-failed', message: 'no such field', retryable: false }

/** A sink's answer that comes when it is told to. */
function gate(): { readonly passed: ResultAsync<SinkReport, SinkFailure>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return {
    passed: ResultAsync.fromSafePromise(promise).map(() => ({ failed: [] })),
    open: () => {
      resolve(undefined)
    },
  }
}

describe("a zombie's acknowledgement", () => {
  test("A zombie's acknowledgement moves no cursor back, as it does without a fence", async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const sink = recordingSink()
    await openCursors(client, deadRelay(sink))
    const zombie = await claim(client, { sink, owner: 'zombie', leaseMs: 1 }, 64)
    await fixture.publish(change(1, 1), change(1, 2))
    const heir = fixture.relay([sink])
    orThrow(await heir.drain())
    orThrow(await heir.stop())
    expect(await acknowledge(client, { sink: sink.name, shards: zombie })).toEqual(new Set())
    await fixture.publish(change(1, 3))
    const next = fixture.relay([sink])
    orThrow(await next.drain())
    orThrow(await next.stop())
    expect(sink.seen).toEqual(['1@1', '1@2', '1@3'])

    await fixture.rows(
      `UPDATE @schema.outbox_cursor c SET tick = z.tick, tick_to = NULL, last_seq = 0
       FROM unnest($1::smallint[], $2::bigint[]) AS z (shard, tick)
       WHERE c.shard = z.shard`,
      [zombie.map(({ shard }) => shard), zombie.map(({ tick }) => String(tick))],
    )
    orThrow(await fixture.relay([sink]).drain())
    expect(versionsOf(sink.seen, 1)).toEqual([1, 2, 3, 1, 2, 3])
  })
})

describe('two relays', () => {
  test('Two relays never reorder an aggregate, as two that claim rows with SKIP LOCKED do', async () => {
    const fixture = await open()
    const seen: string[] = []
    const working = gate()
    let calls = 0
    const slow = recordingSink({
      before: (batch) => {
        calls += 1
        return working.passed.map((report) => {
          seen.push(...batch.map(nameOf))
          return report
        })
      },
    })
    const quick = recordingSink({
      before: (batch) => {
        seen.push(...batch.map(nameOf))
        return okAsync({ failed: [] })
      },
    })
    await fixture.publish(change(1, 1), change(1, 2))
    fixture.relay([slow]).start()
    await eventually(() => calls === 1)
    const other = fixture.relay([quick])
    other.start()
    await eventually(async () => {
      expect(
        await fixture.rows('SELECT FROM @schema.outbox_owner WHERE seen_until > clock_timestamp()'),
      ).toHaveLength(2)
    })
    await fixture.publish(change(1, 3), change(1, 4))
    expect((await other.drain({ deadlineMs: 300 })).isErr()).toBe(true)
    expect(seen).toEqual([])
    working.open()
    orThrow(await other.drain({ deadlineMs: 60_000 }))
    expect(seen).toEqual(['1@1', '1@2', '1@3', '1@4'])
    expect(await claimedWithSkipLocked(fixture)).toEqual([3, 4, 1, 2])
  })
})

/** Two claimers of two rows each, of which the first is the slower one. */
async function claimedWithSkipLocked(fixture: OutboxFixture): Promise<number[]> {
  const [slow, quick] = [await fixture.session(), await fixture.session()]
  const delivered: number[] = []
  const take = async (session: Session): Promise<number[]> => {
    await session.run('BEGIN')
    const rows = await session.run<{ version: string }>(
      'SELECT version FROM @schema.outbox ORDER BY seq LIMIT 2 FOR UPDATE SKIP LOCKED',
    )
    return rows.map(({ version }) => Number(version))
  }
  const deliver = async (session: Session, versions: readonly number[]): Promise<void> => {
    delivered.push(...versions)
    await session.run('COMMIT')
  }
  const [first, second] = [await take(slow), await take(quick)]
  await deliver(quick, second)
  await deliver(slow, first)
  return delivered
}

describe('a retry', () => {
  test('Everything of its aggregate that arrives during a retry is delivered after it', async () => {
    const fixture = await open()
    const retried = gate()
    let attempts = 0
    const sink = recordingSink({
      before: (batch) => {
        const first = batch.find((event) => nameOf(event) === '1@1')
        if (first === undefined) return okAsync({ failed: [] })
        attempts += 1
        return attempts === 1
          ? okAsync({ failed: [{ id: first.id, failure: busy }] })
          : retried.passed
      },
    })
    const relay = fixture.relay([sink])
    relay.start()
    await fixture.publish(change(1, 1), change(9, 1))
    await eventually(() => attempts === 2)
    await fixture.publish(change(1, 2))
    // Time enough for a loop that goes on beside the retry to park it.
    expect((await relay.drain({ deadlineMs: 300 })).isErr()).toBe(true)
    retried.open()
    await eventually(() => {
      expect(sink.seen).toContain('1@1')
    })
    await fixture.publish(change(1, 3))
    orThrow(await relay.drain())
    await eventually(() => {
      expect(versionsOf(sink.seen, 1)).toHaveLength(3)
    })
    expect(versionsOf(sink.seen, 1)).toEqual([1, 2, 3])
  })

  test('Control: a retry beside the loop loses what was parked since it looked', async () => {
    const fixture = await open()
    const sink = recordingSink({
      before: (batch) =>
        okAsync({
          failed: batch
            .filter((event) => nameOf(event) === '1@1')
            .map(({ id }) => ({ id, failure: refused })),
        }),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1))
    orThrow(await relay.drain())
    const found = await fixture.rows<{ version: number }>(
      `SELECT (event ->> 'version')::int AS version FROM @schema.outbox_failure`,
    )
    await fixture.publish(change(1, 2))
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    const delivered = found.map(({ version }) => version)
    await fixture.rows(`DELETE FROM @schema.outbox_failure WHERE aggregateid = '1'`)
    await fixture.publish(change(1, 3))
    orThrow(await fixture.relay([sink]).drain())
    expect([...delivered, ...versionsOf(sink.seen, 1)]).toEqual([1, 3])
  })
})

describe('a restored dump', () => {
  test('A restored dump is refused, since its ticks would take new events for delivered ones', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1))
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    // A server that had come a million transactions further.
    await fixture.rows(`
      UPDATE @schema.outbox_tick SET snap = (ahead || ':' || ahead || ':')::pg_snapshot
      FROM (SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000)::text AS ahead) AS server
      WHERE id = (SELECT max(id) FROM @schema.outbox_tick)`)
    await fixture.publish(change(1, 2))
    const taken = await fixture.rows<{ aggregateid: string; version: string }>(`
      SELECT DISTINCT o.aggregateid, o.version FROM @schema.outbox o JOIN @schema.outbox_cursor c USING (shard)
      JOIN @schema.outbox_tick t ON t.id = c.tick WHERE pg_visible_in_snapshot(o.xid, t.snap) ORDER BY o.version`)
    expect(taken.map(({ version }) => Number(version))).toEqual([1, 2])
    expect((await fixture.outbox.checkOrigin())._unsafeUnwrapErr()).toMatchObject({
      type: 'outbox-restored',
    })
    const late = fixture.relay([sink])
    const slowing = await fixture.session()
    await slowing.run('BEGIN')
    await slowing.run('LOCK TABLE @schema.outbox_origin IN ACCESS EXCLUSIVE MODE')
    // Every cursor stands at the newest tick; nothing counts as long as that is not known to be
    // this server's.
    expect((await late.drain({ deadlineMs: 300 }))._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
    })
    await slowing.run('COMMIT')
    await eventually(() => late.refusal !== undefined)
    expect((await late.drain())._unsafeUnwrapErr()).toMatchObject({ type: 'outbox-restored' })
    expect(sink.seen).toEqual(['1@1'])
  })
})

describe('a sink that fails', () => {
  test('A sink that is down gets fewer and smaller batches, and full ones when it is back', async () => {
    const fixture = await open()
    const calls: { readonly atMs: number; readonly size: number }[] = []
    const sink = recordingSink({
      batchSize: 64,
      before: (batch) => {
        calls.push({ atMs: performance.now(), size: batch.length })
        return calls.length > 4 ? okAsync({ failed: [] }) : errAsync(busy)
      },
    })
    await fixture.publish(...Array.from({ length: 256 }, (_, id) => change(id, 1)))
    const relay = fixture.relay([sink], { maxBackOffMs: 60_000 })
    orThrow(await relay.drain())
    expect(calls.map(({ size }) => size)).toEqual([64, 32, 16, 8, 4, 8, 16, 32, 64, 64, 64, 4])
    const pauses = calls
      .slice(0, 5)
      .map(({ atMs }, index) => atMs - (calls[index - 1]?.atMs ?? atMs))
      .slice(1)
    pauses.forEach((pauseMs, index) => {
      expect(pauseMs).toBeGreaterThanOrEqual(75 * 2 ** index - 2)
    })
  })
})
