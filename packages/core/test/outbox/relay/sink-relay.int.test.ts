import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  err,
  errAsync,
  ok,
  okAsync,
  orThrow,
  ResultAsync,
  transaction,
  type SinkFailure,
  type SinkReport,
} from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { acknowledge } from '../../../src/outbox/relay/acknowledge.ts'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import { parkedRow } from '../../../src/outbox/failures/park.ts'
import {
  change,
  deadRelay,
  nameOf,
  type OutboxFixture,
  recordingSink,
  useOutbox,
  versionsOf,
} from '../outbox-fixture.ts'

const open = useOutbox()

const many = (count: number, aggregates = 50) =>
  Array.from({ length: count }, (_, version) => change(version % aggregates, version))

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

async function ownersOf(
  fixture: OutboxFixture,
  sink = 'recorder',
): Promise<Record<string, number>> {
  const rows = await fixture.rows<{ owner: string; count: number }>(
    `SELECT owner, count(*)::int AS count FROM @schema.outbox_cursor
     WHERE sink = $1 AND owner IS NOT NULL AND lease_until > clock_timestamp()
     GROUP BY owner`,
    [sink],
  )
  return Object.fromEntries(rows.map(({ owner, count }) => [owner, count]))
}

describe('a relay', () => {
  test('Events of this process are delivered at once, however rarely the relay polls', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink], { tickMs: 30_000, maxPollMs: 60_000 })
    orThrow(await relay.drain())
    for (let version = 1; version <= 3; version += 1) {
      await fixture.rows(`UPDATE @schema.outbox_tick SET at = at - interval '1 minute'`)
      orThrow(
        await transaction(fixture.stores, async (tx) => {
          tx.publish(change(1, version))
          return ok(undefined)
        }),
      )
      await eventually(
        () => {
          expect(sink.seen).toHaveLength(version)
        },
        { timeoutMs: 20_000, intervalMs: 5 },
      )
    }
  })

  test('Events of another process are delivered at its hint, however rarely the relay polls', async () => {
    const fixture = await open()
    const other = await fixture.connect()
    const sink = recordingSink()
    fixture.relay([sink], { maxPollMs: 60_000 }).start()
    for (let version = 1; version <= 3; version += 1) {
      await eventually(async () => {
        expect(orThrow(await fixture.outbox.status()).tickAgeMs).toBeGreaterThan(1_100)
      })
      orThrow(
        await transaction(other, async (tx) => {
          tx.publish(change(1, version))
          return ok(undefined)
        }),
      )
      await eventually(() => {
        expect(sink.seen).toHaveLength(version)
      })
    }
  })

  test('A sink receives only the types that it wants', async () => {
    const fixture = await open()
    const exact = recordingSink({ name: 'exact', types: ['course.updated'] })
    const prefix = recordingSink({ name: 'prefix', types: ['enrollment.*', 'user.registered'] })
    const relay = fixture.relay([exact, prefix])
    const types = [
      'course.updated',
      'course.updated.twice',
      'enrollment.created',
      'enrollment.a.b',
      'enrollments.created',
      'user.registered',
    ]
    await fixture.publish(...types.map((type, index) => change(index, 1, { type })))
    orThrow(await relay.drain())
    expect(exact.events.map(({ type }) => type)).toEqual(['course.updated'])
    expect(prefix.events.map(({ type }) => type)).toEqual([
      'enrollment.created',
      'enrollment.a.b',
      'user.registered',
    ])
  })

  test('A new sink starts at the beginning, or at the head when asked', async () => {
    const fixture = await open()
    await fixture.publish(change(1, 1))
    const all = recordingSink({ name: 'all' })
    const later = recordingSink({ name: 'later', startAt: 'head' })
    const relay = fixture.relay([all, later])
    orThrow(await relay.drain())
    await fixture.publish(change(1, 2))
    orThrow(await relay.drain())
    expect(all.seen).toEqual(['1@1', '1@2'])
    expect(later.seen).toEqual(['1@2'])
  })

  test('A backlog without ticks is delivered in order, in bounded stretches', async () => {
    const fixture = await open()
    const slow = await fixture.session()
    await slow.run('BEGIN')
    await slow.publish(change('late', 1))
    const count = 25_000
    await fixture.publish(...many(count / 2))
    await fixture.publish(...many(count).slice(count / 2))
    const sizes: number[] = []
    const sink = recordingSink({
      before: (batch) => {
        sizes.push(batch.length)
        return okAsync({ failed: [] })
      },
    })
    const wanting = recordingSink({ name: 'wanting', types: ['course.rare'] })
    const relay = fixture.relay([sink, wanting])
    await fixture.publish(change('rare', 1, { type: 'course.rare' }))
    orThrow(await relay.drain({ deadlineMs: 120_000 }))
    await slow.run('COMMIT')
    orThrow(await relay.drain())
    expect(sink.seen).toHaveLength(count + 2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
    for (let id = 0; id < 50; id += 1) {
      const versions = versionsOf(sink.seen, id)
      expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    }
    expect(wanting.seen).toEqual(['rare@1'])
    expect(sink.seen.at(-1)).toBe('late@1')
  })

  test('No transaction is open while a sink works', async () => {
    const fixture = await open()
    const working = gate()
    const calls = { count: 0 }
    const sink = recordingSink({
      before: () => {
        calls.count += 1
        return working.passed
      },
    })
    const relay = fixture.relay([sink])
    relay.start()
    await fixture.publish(change(1, 1))
    await eventually(() => calls.count === 1)
    await eventually(
      async () => {
        const held = await fixture.rows(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
        )
        expect(held).toHaveLength(0)
      },
      // Less than the sink may take.
      { timeoutMs: 10_000 },
    )
    working.open()
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@1'])
  })

  test('status reports how far each sink is behind and who owns its shards', async () => {
    const fixture = await open()
    const relay = fixture.relay([
      recordingSink(),
      recordingSink({
        name: 'down',
        types: ['course.*'],
        before: () => errAsync({ type: 'sink-failed', message: '503', retryable: true }),
      }),
    ])
    relay.start()
    await fixture.publish(change(1, 1), change(2, 1), change(3, 1, { type: 'user.registered' }))
    await eventually(async () => {
      const { sinks } = orThrow(await fixture.outbox.status())
      expect(sinks).toMatchObject([
        { sink: 'down', lagEvents: 2, parked: 0, dead: 0, unowned: 0 },
        {
          sink: 'recorder',
          lagEvents: 0,
          lagMs: 0,
          oldestAt: undefined,
          owners: [{ owner: relay.owner, shards: 64, isAlive: true }],
        },
      ])
      expect(sinks[0]?.lagMs).toBeGreaterThan(0)
      expect(sinks[0]?.oldestAt).toBeInstanceOf(Date)
    })
    const session = await fixture.session()
    const [backend] = await session.run<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await session.run('SELECT count(*) FROM @schema.outbox')
    await eventually(async () => {
      expect(orThrow(await fixture.outbox.status()).oldestSnapshot).toMatchObject({
        pid: backend?.pid,
        state: 'idle in transaction',
      })
    })
  })

  test('A removed sink is forgotten', async () => {
    const fixture = await open()
    const relay = fixture.relay([recordingSink()])
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    expect(orThrow(await fixture.outbox.removeSink('recorder'))).toBe(true)
    expect(orThrow(await fixture.outbox.removeSink('recorder'))).toBe(false)
    expect(await fixture.rows('SELECT FROM @schema.outbox_cursor')).toHaveLength(0)
  })
})

describe('relays of several processes', () => {
  test('Relays share the shards fairly and lose nothing while one joins and one leaves', async () => {
    const fixture = await open()
    const seen: string[] = []
    const sink = (): ReturnType<typeof recordingSink> =>
      recordingSink({
        before: (batch) => {
          seen.push(...batch.map(nameOf))
          return okAsync({ failed: [] })
        },
      })
    const first = fixture.relay([sink()], { leaseMs: 3_000 })
    first.start()
    await eventually(async () => {
      expect(await ownersOf(fixture)).toEqual({ [first.owner]: 64 })
    })
    const second = fixture.relay([sink()], { leaseMs: 3_000 })
    second.start()
    await fixture.publish(...many(2_000))
    await eventually(async () => {
      expect(await ownersOf(fixture)).toEqual({ [first.owner]: 32, [second.owner]: 32 })
    })
    await fixture.publish(
      ...many(2_000).map((event) => ({ ...event, version: event.version + 2_000 })),
    )
    orThrow(await first.drain())
    orThrow(await first.stop())
    await eventually(async () => {
      expect(await ownersOf(fixture)).toEqual({ [second.owner]: 64 })
    })
    await fixture.publish(change(0, 9_999))
    orThrow(await second.drain())
    expect(new Set(seen).size).toBe(4_001)
    for (let id = 0; id < 50; id += 1)
      expect(firstSeen(versionsOf(seen, id))).toEqual(
        firstSeen(versionsOf(seen, id)).toSorted((a, b) => a - b),
      )
  })

  test('The shards of a dead relay are taken over after its lease, with a higher fence', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const sink = recordingSink()
    await openCursors(client, deadRelay(sink))
    const dead = await claim(client, { sink, owner: 'dead', leaseMs: 300 }, 64)
    const fences: bigint[] = []
    const heir = recordingSink({
      before: (batch, { fence }) => {
        fences.push(...batch.map(fence))
        return okAsync({ failed: [] })
      },
    })
    await fixture.publish(change(1, 1))
    const relay = fixture.relay([heir])
    orThrow(await relay.drain())
    expect(heir.seen).toEqual(['1@1'])
    expect(fences).toEqual([(dead[0]?.fence ?? 0n) + 1n])
  })

  test('No acknowledgement and no failure of a zombie counts', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const sink = recordingSink()
    await openCursors(client, deadRelay(sink))
    const zombie = await claim(client, { sink, owner: 'zombie', leaseMs: 1 }, 64)
    await fixture.publish(change(1, 1))
    const relay = fixture.relay([sink])
    orThrow(await relay.drain())
    const before = await fixture.rows(
      'SELECT shard, tick, tick_to, last_seq FROM @schema.outbox_cursor ORDER BY shard',
    )
    const [event] = sink.events
    if (event === undefined) throw new Error('nothing was delivered')
    const counted = await acknowledge(client, {
      sink: sink.name,
      shards: zombie.map((shard) => ({ ...shard, tick: 1n })),
      failures: zombie.map(({ shard }) => parkedRow({ ...event, seq: BigInt(shard + 1), shard })),
      settled: [],
    })
    expect(counted.size).toBe(0)
    expect(
      await fixture.rows(
        'SELECT shard, tick, tick_to, last_seq FROM @schema.outbox_cursor ORDER BY shard',
      ),
    ).toEqual(before)
    expect(await fixture.rows('SELECT FROM @schema.outbox_failure')).toHaveLength(0)
  })

  test('The event that ends its process is found, and everything else is delivered', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await openCursors(client, deadRelay())
    await fixture.publish(...many(200))
    for (let crash = 0; crash < 3; crash += 1) {
      await fixture.rows(`UPDATE @schema.outbox_cursor SET lease_until = 'epoch'`)
      await claim(client, { sink: recordingSink(), owner: `dead-${crash}`, leaseMs: 1 }, 64)
    }
    const company: number[] = []
    const killer = recordingSink({
      before: (batch) => {
        const isFatal = batch.some((event) => nameOf(event) === '7@7')
        if (isFatal) company.push(batch.length)
        return isFatal
          ? errAsync({
              type: 'sink-failed',
              message: 'in place of an end of the process',
              retryable: false,
            })
          : okAsync({ failed: [] })
      },
    })
    const relay = fixture.relay([killer])
    orThrow(await relay.drain())
    await eventually(() => {
      expect(new Set(killer.seen).size).toBe(196)
    })
    await eventually(async () => {
      const rows = await fixture.rows<{ version: number; status: string }>(
        `SELECT (event ->> 'version')::int AS version, status FROM @schema.outbox_failure ORDER BY seq`,
      )
      expect(rows).toEqual([
        { version: 7, status: 'dead' },
        { version: 57, status: 'parked' },
        { version: 107, status: 'parked' },
        { version: 157, status: 'parked' },
      ])
    })
    expect(company).toEqual([1])
  })

  test('An event whose attempts began three times and never ended is given up', async () => {
    const fixture = await open()
    const sink = recordingSink({
      before: (batch) =>
        okAsync({
          failed: batch
            .filter(({ aggregateId }) => aggregateId === '1')
            .map(({ id }) => ({
              id,
              failure: { type: 'sink-failed', message: '503', retryable: true },
            })),
        }),
    })
    const relay = fixture.relay([sink])
    await fixture.publish(change(1, 1), change(2, 1))
    orThrow(await relay.drain())
    const calls = sink.seen.length
    await eventually(async () => {
      // An attempt in progress writes its own counts when it ends.
      await fixture.rows(
        `UPDATE @schema.outbox_failure SET started = finished + 3 WHERE status = 'retry'`,
      )
      expect(
        await fixture.rows(
          `SELECT status, error ->> 'message' AS message FROM @schema.outbox_failure`,
        ),
      ).toEqual([
        { status: 'dead', message: 'the process ended every time while it handled this event' },
      ])
    })
    expect(sink.seen).toHaveLength(calls)
  })
})

describe('stop', () => {
  test('stop lets the batch under way end, acknowledges it and returns the shards', async () => {
    const fixture = await open()
    const working = gate()
    const called = Promise.withResolvers<AbortSignal>()
    const sink = recordingSink({
      before: (_events, { signal }) => {
        called.resolve(signal)
        return working.passed
      },
    })
    const relay = fixture.relay([sink])
    relay.start()
    await fixture.publish(change(1, 1))
    const signal = await called.promise
    // Longer than one timer can wait.
    const stopping = relay.stop({ deadlineMs: 30 * 86_400_000 })
    await sleep(50)
    expect(signal.aborted).toBe(false)
    working.open()
    orThrow(await stopping)
    expect(sink.seen).toEqual(['1@1'])
    expect(await ownersOf(fixture)).toEqual({})
    const next = recordingSink()
    orThrow(await fixture.relay([next]).drain())
    expect(next.seen).toEqual([])
  })

  test('stop abandons a batch that does not end in time, and it is delivered again', async () => {
    const fixture = await open()
    const signals: AbortSignal[] = []
    const stubborn = recordingSink({
      before: (_, { signal }) => {
        signals.push(signal)
        return new ResultAsync(new Promise(() => undefined))
      },
    })
    const relay = fixture.relay([stubborn], { leaseMs: 5_000 })
    relay.start()
    await fixture.publish(change(1, 1))
    await eventually(() => signals.length === 1)
    const startedMs = performance.now()
    expect((await relay.stop({ deadlineMs: 300 }))._unsafeUnwrapErr()).toMatchObject({
      type: 'deadline-exceeded',
      operation: 'relay.stop',
    })
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    expect(signals[0]?.aborted).toBe(true)
    expect(await ownersOf(fixture)).toEqual({ [relay.owner]: 64 })
    const next = recordingSink()
    const heir = fixture.relay([next], { leaseMs: 600 })
    orThrow(await heir.drain())
    expect(next.seen).toEqual(['1@1'])
  })

  test('Closing the stores stops the relay', async () => {
    const fixture = await open()
    const relay = fixture.relay([recordingSink()])
    orThrow(await relay.drain())
    orThrow(await fixture.stores.close())
    expect((await relay.drain()).isErr()).toBe(true)
  })
})

describe('a relay whose PostgreSQL goes away', () => {
  test('A relay without PostgreSQL interrupts its sink before others may take over its shards', async () => {
    const proxy = await faultProxy((await open()).url)
    const fixture = await open({
      url: () => proxy.url,
      postgres: { statementTimeoutMs: 5_000 },
    })
    const signals: {
      readonly signal: AbortSignal
      readonly startedMs: number
      abortedMs?: number
    }[] = []
    let isOver = false
    const sink = recordingSink({
      before: (_, { signal }) => {
        if (isOver) return okAsync({ failed: [] })
        return new ResultAsync(
          new Promise((resolve) => {
            const call: (typeof signals)[number] = { signal, startedMs: performance.now() }
            signals.push(call)
            signal.addEventListener('abort', () => {
              call.abortedMs = performance.now()
              resolve(err({ type: 'sink-failed', message: 'aborted', retryable: true }))
            })
          }),
        )
      },
    })
    const relay = fixture.relay([sink], { leaseMs: 12_000 })
    relay.start()
    await (await fixture.session()).publish(change(1, 1))
    await eventually(() => signals.length === 1)
    proxy.hang()
    const hungMs = performance.now()
    const call = await eventually(() => {
      const [first] = signals
      expect(first?.abortedMs).toBeDefined()
      return first
    })
    expect((call?.abortedMs ?? Infinity) - hungMs).toBeLessThan(12_000)
    expect(call?.signal.reason).toMatchObject({ message: 'the lease was about to end' })
    isOver = true
    proxy.restore()
    expect((await relay.stop({ deadlineMs: 20_000 })).isOk()).toBe(true)
    orThrow(await fixture.stores.close())
    await proxy.close()
  })

  test('A drain ends at its deadline although PostgreSQL hangs', async () => {
    const proxy = await faultProxy((await open()).url)
    const fixture = await open({
      url: () => proxy.url,
      postgres: { statementTimeoutMs: 20_000 },
    })
    const relay = fixture.relay([recordingSink()])
    orThrow(await relay.drain())
    proxy.hang()
    const startedAt = performance.now()
    const failure = (await relay.drain({ deadlineMs: 500 }))._unsafeUnwrapErr()
    expect(failure).toMatchObject({ type: 'deadline-exceeded', operation: 'relay.drain' })
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    proxy.restore()
    await proxy.close()
  })

  test('A relay continues when PostgreSQL is back, whatever it was doing, and loses nothing', async () => {
    const proxy = await faultProxy((await open()).url)
    const fixture = await open({
      url: () => proxy.url,
      postgres: { statementTimeoutMs: 5_000 },
    })
    const sink = recordingSink()
    const relay = fixture.relay([sink], { leaseMs: 900 })
    orThrow(await relay.drain())
    const writer = await fixture.session()
    let version = 0
    for (const fault of ['cut', 'hang', 'cut'] as const) {
      for (let count = 0; count < 20; count += 1)
        await writer.publish(change(count % 3, (version += 1)))
      proxy[fault]()
      for (let count = 0; count < 20; count += 1)
        await writer.publish(change(count % 3, (version += 1)))
      const errors = fixture.errors.length
      await eventually(() => fixture.errors.length > errors, { timeoutMs: 60_000 })
      proxy.restore()
      await eventually(
        () => {
          expect(new Set(sink.seen).size).toBe(version)
        },
        { timeoutMs: 60_000 },
      )
    }
    for (const id of [0, 1, 2])
      expect(firstSeen(versionsOf(sink.seen, id))).toEqual(
        firstSeen(versionsOf(sink.seen, id)).toSorted((a, b) => a - b),
      )
    orThrow(await relay.stop())
    orThrow(await fixture.stores.close())
    await proxy.close()
  })
})

function firstSeen(versions: readonly number[]): number[] {
  return [...new Set(versions)]
}
