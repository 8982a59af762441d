import { defineSink, FailureError, orThrow, readVitals, type Vitals } from '@headwater/core'
import { eventually, startPostgresServer } from '@headwater/testing'
import { expect, onTestFinished, test } from 'vitest'
import { mostCounted, vitalsSql } from '../../src/vitals/vitals-queries.ts'
import { useOutbox, type OutboxFixture } from '../outbox/outbox-fixture.ts'

const open = useOutbox()
const read = async ({ stores }: OutboxFixture): Promise<Vitals> => orThrow(await readVitals(stores))
const event = { aggregateType: 'course', type: 'course.renamed', version: 1, payload: {} }

/** Takes nothing of the course `bad`. */
const mails = defineSink({
  name: 'mails',
  types: ['*'],
  mode: 'log',
  handle: async (events) => {
    if (events.some(({ aggregateId }) => aggregateId === 'bad'))
      throw new FailureError({ type: 'mail-refused', message: 'HTTP 410', retryable: false })
  },
})

test('A sink that no relay serves is behind, though nobody makes ticks, and its dead letters count', async () => {
  const fixture = await open()
  const relay = fixture.relay([mails])
  relay.start()
  await fixture.publish({ ...event, aggregateId: 'bad' })
  orThrow(await relay.drain())
  const [served] = (await read(fixture)).sinks
  expect(served).toMatchObject({ sink: 'mails', unowned: 0, parked: 0, dead: 1 })
  orThrow(await relay.stop())
  await fixture.publish({ ...event, aggregateId: 5 })
  await eventually(async () => {
    const { sinks } = await read(fixture)
    expect(sinks).toMatchObject([{ sink: 'mails', unowned: 64, dead: 1 }])
    expect(sinks[0]?.behindMs).toBeGreaterThan(100)
  })
})

test('Events are unread where no relay ever ran, and until one has looked at them', async () => {
  const fixture = await open()
  expect(await read(fixture)).toMatchObject({ sinks: [], unreadMs: 0 })
  await fixture.publish({ ...event, aggregateId: 5 })
  await eventually(async () => {
    const { sinks, unreadMs } = await read(fixture)
    expect(sinks).toEqual([])
    expect(unreadMs).toBeGreaterThan(50)
  })
  const relay = fixture.relay([mails])
  relay.start()
  orThrow(await relay.drain())
  await eventually(async () => expect((await read(fixture)).unreadMs).toBe(0))
  orThrow(await relay.stop())
})

test('A backlog of failures is counted up to a bound', async () => {
  const fixture = await open()
  const relay = fixture.relay([mails])
  relay.start()
  orThrow(await relay.drain())
  orThrow(await relay.stop())
  await fixture.rows(`
    INSERT INTO @schema.outbox_failure
      (sink, seq, shard, aggregatetype, aggregateid, event, status)
    SELECT 'mails', seq, 1, 'course', 'late', '{}', CASE WHEN seq > 12000 THEN 'parked' ELSE 'dead' END
    FROM generate_series(1, 15000) AS seq`)
  expect((await read(fixture)).sinks).toMatchObject([{ parked: 3_000, dead: 10_000 }])
})

test('Invalidations that wait count for the application whose they are', async () => {
  const fixture = await open()
  const insert = `
    INSERT INTO @schema.invalidation_intent (id, prefix, keys, is_held) VALUES ($1, $2, $3, true)`
  const prefix = fixture.stores.redis.keyPrefix
  await fixture.rows(insert, ['a', prefix, ['course:5']])
  await fixture.rows(insert, ['b', 'another', ['course:5']])
  expect((await read(fixture)).intents).toBe(1)
})

test('The oldest open transaction of the database is found', async () => {
  const fixture = await open()
  const session = await fixture.session()
  await session.run('BEGIN')
  await session.run('SELECT pg_current_xact_id()')
  await eventually(async () => expect((await read(fixture)).oldestSnapshotMs).toBeGreaterThan(200))
  await session.run('ROLLBACK')
})

test('A prepared transaction that nobody ends holds the oldest snapshot', async () => {
  const server = await startPostgresServer({ settings: { max_prepared_transactions: '10' } })
  onTestFinished(() => server.stop())
  const fixture = await open({ url: () => server.url })
  await fixture.stores.postgres.withConnection(async (connection) => {
    await connection.query('BEGIN')
    await connection.query('SELECT pg_current_xact_id()')
    await connection.query(`PREPARE TRANSACTION 'forgotten'`)
  })
  await eventually(async () => expect((await read(fixture)).oldestSnapshotMs).toBeGreaterThan(200))
  await fixture.rows(`ROLLBACK PREPARED 'forgotten'`)
  expect((await read(fixture)).oldestSnapshotMs).toBe(0)
})

interface PlanNode {
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Join Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** The most rows that one node of a plan has looked at. */
function mostRowsIn(node: PlanNode): number {
  const seen =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0)
  return Math.max(seen * node['Actual Loops'], ...(node.Plans ?? []).map(mostRowsIn))
}

test.each([
  ['has a tick', 'pg_current_snapshot()'],
  ['waits for a tick', `'4:4:'::pg_snapshot`],
])('However long the log is that %s, few of its rows are read', async (_state, snapshot) => {
  const fixture = await open()
  const relay = fixture.relay([mails])
  relay.start()
  orThrow(await relay.drain())
  orThrow(await relay.stop())
  await fixture.rows(`
    INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type, xid)
    SELECT gen_random_uuid(), 'course', n, 'course.renamed', (5 + n % 500)::text::xid8
    FROM generate_series(1, 100000) AS n`)
  await fixture.rows(`
    INSERT INTO @schema.outbox_tick (snap, seq_hi)
    SELECT ${snapshot}, max(seq) FROM @schema.outbox`)
  await fixture.rows('ANALYZE @schema.outbox, @schema.outbox_tick')
  const [row] = await fixture.rows<{ 'QUERY PLAN': readonly [{ Plan: PlanNode }] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${vitalsSql}`,
    [fixture.stores.redis.keyPrefix],
  )
  const plan = row?.['QUERY PLAN'][0].Plan
  expect(plan === undefined ? Infinity : mostRowsIn(plan)).toBeLessThanOrEqual(mostCounted)
})
