import { describe, expect, test } from 'vitest'
import { orThrow } from '@headwater/core'
import { acknowledge } from '../../../src/outbox/relay/acknowledge.ts'
import { claim, openCursors } from '../../../src/outbox/relay/cursor.ts'
import { purge } from '../../../src/outbox/log/purge.ts'
import { findBounds, readNarrow, readWide } from '../../../src/outbox/log/read-events.ts'
import { advance, loadTicks, type Tick } from '../../../src/outbox/log/tick.ts'
import {
  change,
  deadRelay,
  nameOf,
  nothingOlder,
  type OutboxFixture,
  recordingSink,
  useOutbox,
} from '../outbox-fixture.ts'
import { idCursor, xminGuard } from '../../../../../soaks/outbox/naive-readers.ts'

const open = useOutbox()

async function tick(fixture: OutboxFixture): Promise<Tick> {
  return (await advance(fixture.stores.postgres.client, { gapMs: 0, maxEvents: 0 })).newest
}

async function between(fixture: OutboxFixture, from: Tick, to: Tick): Promise<string[]> {
  const shards = Array.from({ length: 64 }, (_, shard) => shard)
  const { events } = await readNarrow(
    fixture.stores.postgres.client,
    { from, to, afterSeq: 0n, shards, types: ['*'] },
    1_000,
  )
  return events.map(nameOf)
}

describe('the log', () => {
  test('An event that commits after a later one was delivered is not lost, unlike by position', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const control = idCursor(fixture.stores.postgres.client)
    const slow = await fixture.session()
    await slow.run('BEGIN')
    await slow.publish(change('late', 1))
    await fixture.publish(change('early', 1))
    orThrow(await relay.drain())
    const seen = await control.poll()
    await slow.run('COMMIT')
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['early@1', 'late@1'])
    expect([...seen, ...(await control.poll())]).toEqual(['early@1'])
  })

  test('A writer that began first and wrote last keeps its order, unlike by transaction id', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const control = xminGuard(fixture.stores.postgres.client)
    const first = await fixture.session()
    await first.run('BEGIN')
    await first.run('SELECT pg_current_xact_id()')
    await fixture.publish(change(1, 1))
    await first.publish(change(1, 2))
    await first.run('COMMIT')
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@1', '1@2'])
    await nothingOlder(fixture)
    expect(await control.poll()).toEqual(['1@2', '1@1'])
  })

  test('An open transaction elsewhere delays no event, unlike below the oldest transaction', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const control = xminGuard(fixture.stores.postgres.client)
    const elsewhere = await fixture.session()
    await elsewhere.run('CREATE TABLE @schema.elsewhere (id int)')
    await elsewhere.run('BEGIN')
    await elsewhere.run('INSERT INTO @schema.elsewhere VALUES (1)')
    await fixture.publish(
      ...Array.from({ length: 100 }, (_, version) => change(version % 5, version)),
    )
    orThrow(await relay.drain())
    expect(sink.seen).toHaveLength(100)
    expect(await control.poll()).toHaveLength(0)
    await elsewhere.run('COMMIT')
    await nothingOlder(fixture)
    expect(await control.poll()).toHaveLength(100)
  })

  test('A tick takes its snapshot after its lock, so a later tick never sees less', async () => {
    const fixture = await open()
    const sessions = await Promise.all(Array.from({ length: 6 }, () => fixture.session()))
    let version = 0
    await Promise.all(
      sessions.map(async (session) => {
        for (let round = 0; round < 40; round += 1) {
          await session.run('BEGIN')
          await session.publish(change(1, (version += 1)))
          await session.run('COMMIT')
          await session.run('SELECT * FROM @schema.outbox_advance(0, 0)')
        }
      }),
    )
    const ticks = await loadTicks(fixture.stores.postgres.client, 1n, { limit: 1_000 })
    expect(ticks.length).toBeGreaterThan(20)
    const visible = await fixture.rows<{ less: boolean }>(`
      SELECT EXISTS (
        SELECT FROM @schema.outbox o
        WHERE pg_visible_in_snapshot(o.xid, a.snap) AND NOT pg_visible_in_snapshot(o.xid, b.snap)
      ) AS less
      FROM @schema.outbox_tick a JOIN LATERAL (
        SELECT snap FROM @schema.outbox_tick t WHERE t.id > a.id ORDER BY t.id LIMIT 1
      ) b ON true`)
    expect(visible.filter(({ less }) => less)).toEqual([])
  })

  test('A tick is made only when something new has committed', async () => {
    const fixture = await open()
    await fixture.publish(change(1, 1))
    const first = await tick(fixture)
    const session = await fixture.session()
    await session.run('BEGIN')
    await session.publish(change(1, 2))
    expect((await tick(fixture)).id).toBe(first.id)
    await session.run('COMMIT')
    expect((await tick(fixture)).id).toBe(first.id + 1n)
  })

  test('Ticks are made periodically, and earlier for many events', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    await fixture.publish(change(1, 1))
    const first = await tick(fixture)
    await fixture.publish(change(1, 2))
    const early = await advance(client, { gapMs: 60_000, maxEvents: 10 })
    expect(early.newest.id).toBe(first.id)
    expect(early.dueMs).toBeGreaterThan(50_000)
    await fixture.publish(...Array.from({ length: 10 }, (_, version) => change(2, version)))
    expect((await advance(client, { gapMs: 60_000, maxEvents: 10 })).newest.id).toBe(first.id + 1n)
  })

  test('An interval keeps its end while it is read, since moving it loses a late commit', async () => {
    const fixture = await open()
    const late = await fixture.session()
    await late.run('BEGIN')
    await late.publish(change('late', 1))
    await fixture.publish(change('a', 1), change('b', 1))
    const start = (await loadTicks(fixture.stores.postgres.client, 0n, { limit: 0 }))[0] as Tick
    const end = await tick(fixture)
    const [first, second] = await between(fixture, start, end)
    await late.run('COMMIT')
    const moved = await tick(fixture)
    const lastSeq =
      (
        await fixture.rows<{ seq: string }>(
          `SELECT seq FROM @schema.outbox WHERE aggregateid = 'a'`,
        )
      )[0]?.seq ?? '0'
    const shards = Array.from({ length: 64 }, (_, shard) => shard)
    const rest = async (to: Tick): Promise<string[]> =>
      (
        await readNarrow(
          fixture.stores.postgres.client,
          { from: start, to, afterSeq: BigInt(lastSeq), shards, types: ['*'] },
          1_000,
        )
      ).events.map(nameOf)
    expect([first, second]).toEqual(['a@1', 'b@1'])
    expect([...(await rest(end)), ...(await between(fixture, end, moved))]).toEqual([
      'b@1',
      'late@1',
    ])
    expect(await rest(moved)).toEqual(['b@1'])
  })

  test('The positions of an interval are known without reading it, late and failed commits included', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const late = await fixture.session()
    const lost = await fixture.session()
    for (const session of [late, lost]) await session.run('BEGIN')
    await late.publish(change('late', 1))
    await fixture.publish(change('a', 1), change('b', 1))
    const from = await tick(fixture)
    await lost.publish(change('lost', 1))
    await fixture.publish(change('c', 1))
    await late.run('COMMIT')
    await fixture.publish(change('d', 1))
    const to = await tick(fixture)
    await lost.run('ROLLBACK')
    await fixture.publish(change('e', 1))
    const shards = Array.from({ length: 64 }, (_, shard) => shard)
    const interval = { from, to, afterSeq: 0n, shards, types: ['*'] }
    const bounds = await findBounds(client, interval)
    expect(bounds).toEqual({ low: 1n, high: 6n })
    expect(
      (
        await readWide(client, interval, { bounds: bounds ?? { low: 0n, high: 0n }, limit: 100 })
      ).events.map(nameOf),
    ).toEqual(['late@1', 'c@1', 'd@1'])
    expect(await findBounds(client, { from: to, to: await tick(fixture) })).toEqual({
      low: 7n,
      high: 7n,
    })
    expect(
      await findBounds(client, { from: await tick(fixture), to: await tick(fixture) }),
    ).toBeUndefined()
  })

  test('A new owner finishes an interval at the end that the former owner chose', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const late = await fixture.session()
    await late.run('BEGIN')
    await late.publish(change('late', 1))
    await fixture.publish(change('a', 1), change('b', 1), change('c', 1))
    const end = await tick(fixture)
    const sink = recordingSink()
    await openCursors(client, deadRelay(sink))
    const owning = { sink, owner: 'dead', leaseMs: 50 }
    const shards = await claim(client, owning, 64)
    await acknowledge(client, {
      sink: sink.name,
      shards: shards.map((shard) => ({ ...shard, tick: 0n, tickTo: end.id, lastSeq: 3n })),
    })
    await late.run('COMMIT')
    const relay = fixture.relay([sink])
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['c@1', 'late@1'])
  })

  test('The purge spares a late commit however old it is, unlike a purge up to the slowest cursor', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const late = await fixture.session()
    await late.run('BEGIN')
    await late.publish(change('late', 1))
    await fixture.publish(change('early', 1), change('early', 2))
    orThrow(await relay.drain())
    orThrow(await relay.stop())
    await late.run('COMMIT')
    const tooEager = await fixture.rows<{ aggregateid: string }>(`
      SELECT aggregateid FROM @schema.outbox
      WHERE xid < (
        SELECT pg_snapshot_xmax(snap)
        FROM @schema.outbox_tick t JOIN @schema.outbox_cursor c ON c.tick = t.id
        ORDER BY t.id LIMIT 1
      )`)
    expect(tooEager.map(({ aggregateid }) => aggregateid)).toContain('late')
    await purge(client, { retentionMs: 0 })
    await nothingOlder(fixture)
    const next = fixture.relay([sink])
    orThrow(await next.drain())
    expect(sink.seen).toEqual(['early@1', 'early@2', 'late@1'])
    expect(await purge(client, { retentionMs: 0 })).toBeGreaterThan(0)
    expect(await fixture.rows('SELECT FROM @schema.outbox')).toHaveLength(0)
  })

  test('The purge spares events younger than the retention or not passed by a sink', async () => {
    const fixture = await open()
    const { client } = fixture.stores.postgres
    const quick = recordingSink()
    await openCursors(client, deadRelay(recordingSink({ name: 'slow' })))
    await fixture.publish(change(1, 1))
    await nothingOlder(fixture)
    const relay = fixture.relay([quick])
    orThrow(await relay.drain())
    expect(await purge(client, { retentionMs: 60_000 })).toBe(0)
    expect(await purge(client, { retentionMs: 0 })).toBe(0)
    orThrow(await fixture.relay([recordingSink({ name: 'slow' })]).drain())
    expect(await purge(client, { retentionMs: 0 })).toBe(1)
  })
})
