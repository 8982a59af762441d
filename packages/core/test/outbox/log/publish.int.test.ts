import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  err,
  FailureError,
  ok,
  orThrow,
  publish,
  publishMany,
  transaction,
  type NewEvent,
} from '@headwater/core'
import { change, collect, nameOf, recordingSink, useOutbox } from '../outbox-fixture.ts'

const open = useOutbox()

describe('publish', () => {
  test('The events of a committed transaction are delivered with all their fields', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const session = await fixture.session()
    await session.run('BEGIN')
    const [id] = await session.publish(
      change('a/ü "1"', 7, {
        payload: { deep: [1, { text: 'it\'s "quoted" \\ \u{1F30A}' }], none: null },
        headers: { traceparent: '00-1' },
      }),
    )
    await session.run('COMMIT')
    orThrow(await relay.drain())
    expect(sink.events).toMatchObject([
      {
        id,
        aggregateType: 'course',
        aggregateId: 'a/ü "1"',
        type: 'course.updated',
        version: 7,
        payload: { deep: [1, { text: 'it\'s "quoted" \\ \u{1F30A}' }], none: null },
        headers: { traceparent: '00-1' },
      },
    ])
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(Math.abs(Date.now() - (sink.events[0]?.createdAt.getTime() ?? 0))).toBeLessThan(60_000)
  })

  test('No event of a rolled-back transaction is delivered', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const session = await fixture.session()
    await session.run('BEGIN')
    await session.publish(change(1, 1))
    await session.run('ROLLBACK')
    expect(
      (
        await transaction(fixture.stores, async (tx) => {
          tx.publish(change(2, 1))
          return err('no')
        })
      ).isErr(),
    ).toBe(true)
    await fixture.publish(change(3, 1))
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['3@1'])
  })

  test('Only the events that savepoints kept are delivered', async () => {
    const fixture = await open()
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    const session = await fixture.session()
    await session.run('BEGIN')
    await session.publish(change(1, 1))
    await session.run('SAVEPOINT a')
    await session.publish(change(1, 2))
    await session.run('ROLLBACK TO a')
    await session.run('SAVEPOINT b')
    await session.publish(change(1, 3))
    await session.run('RELEASE b')
    relay.start()
    await fixture.publish(change(2, 1))
    orThrow(await relay.drain())
    await session.run('COMMIT')
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['2@1', '1@1', '1@3'])
  })

  test('Events of a transaction are published with its commit and reported', async () => {
    const fixture = await open()
    const published = collect(fixture.diagnostics, 'outbox:published')
    const sink = recordingSink()
    const relay = fixture.relay([sink])
    orThrow(
      await transaction(fixture.stores, async (tx) => {
        tx.publish(change(1, 1), change(1, 2))
        return ok(undefined)
      }),
    )
    orThrow(await relay.drain())
    expect(sink.seen).toEqual(['1@1', '1@2'])
    expect(published).toEqual([{ count: 2 }])
  })

  test('publishMany inserts events with one statement, in the order given', async () => {
    const fixture = await open()
    const statements: string[] = []
    const events = Array.from({ length: 1_000 }, (_, version) => change(version % 7, version))
    const ids = await publishMany(
      {
        query: (text, values) => {
          statements.push(text)
          return fixture.stores.postgres.client.query(text, values)
        },
      },
      events,
      { schema: fixture.schema },
    )
    expect(statements).toHaveLength(1)
    const rows = await fixture.rows<{ id: string; aggregateid: string; version: string }>(
      'SELECT id, aggregateid, version FROM @schema.outbox ORDER BY seq',
    )
    expect(rows.map(({ id }) => id)).toEqual(ids)
    expect(
      rows.map((row) => nameOf({ aggregateId: row.aggregateid, version: Number(row.version) })),
    ).toEqual(events.map((event) => `${event.aggregateId}@${event.version}`))
  })

  test('Insert and COMMIT travel in one message, and nothing is committed when the insert fails', async () => {
    const fixture = await open()
    const operations = collect(fixture.diagnostics, 'store:operation')
    const enroll = () =>
      transaction(fixture.stores, async (tx) => {
        await tx.query('CREATE TABLE IF NOT EXISTS @schema.proof (id int)')
        tx.publish(change(1, 1))
        return ok(undefined)
      })
    await fixture.rows('ALTER TABLE @schema.outbox ADD CONSTRAINT closed CHECK (false)')
    expect((await enroll())._unsafeUnwrapErr()).toMatchObject({ type: 'constraint-violated' })
    expect(
      await fixture.rows('SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2', [
        fixture.schema,
        'proof',
      ]),
    ).toEqual([])
    await fixture.rows('ALTER TABLE @schema.outbox DROP CONSTRAINT closed')
    operations.length = 0
    orThrow(await enroll())
    const sent = operations.filter(
      ({ store, operation }) =>
        store === 'postgres' && !['connect', 'select invalidation_intent'].includes(operation),
    )
    expect(sent.map(({ operation }) => operation)).toEqual([
      expect.stringMatching(/^begin/),
      'commit',
    ])
    expect(await fixture.rows('SELECT aggregateid FROM @schema.outbox')).toEqual([
      { aggregateid: '1' },
    ])
  })

  test('Ids with line breaks are stored unchanged, alone and among others', async () => {
    const fixture = await open()
    const ids = ['a\nb', '\n', 'c', 'null', '{}']
    await fixture.publish(
      ...ids.map((id) => change(id, 1, { aggregateType: `kind\n${id}`, payload: 'line\nbreak' })),
    )
    expect(
      await fixture.rows(
        'SELECT aggregatetype, aggregateid, payload FROM @schema.outbox ORDER BY seq',
      ),
    ).toEqual(
      ids.map((id) => ({ aggregatetype: `kind\n${id}`, aggregateid: id, payload: 'line\nbreak' })),
    )
  })

  test('The SDK and the database compute the same shard', async () => {
    const fixture = await open()
    const ids = [
      '1',
      '2',
      'ü/\u{1F30A}',
      'a/b',
      ' ',
      ...Array.from({ length: 100 }, () => randomUUID()),
    ]
    await fixture.publish(...ids.map((id) => change(id, 1)))
    await fixture.rows(
      `INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type)
       SELECT id, aggregatetype, aggregateid, type FROM @schema.outbox`,
    )
    const [sums] = await fixture.rows(`
      SELECT count(shard)::int AS given, count(*)::int AS all, count(DISTINCT shard)::int > 30 AS is_spread,
        bool_and(coalesce(shard = @schema.outbox_shard(aggregatetype, aggregateid), true)) AS is_same
      FROM @schema.outbox`)
    expect(sums).toEqual({ given: ids.length, all: 2 * ids.length, is_spread: true, is_same: true })
  })

  test('An event takes its transaction id before its position, so later ones lie above a tick', async () => {
    const fixture = await open()
    const plan = await fixture.rows<{ 'QUERY PLAN': string }>(`
      EXPLAIN (VERBOSE, COSTS OFF)
      INSERT INTO @schema.outbox (id, aggregatetype, aggregateid, type)
      VALUES (gen_random_uuid(), 'a', 'b', 'c')`)
    expect(plan.map((row) => row['QUERY PLAN']).join(' ')).toMatch(
      /pg_current_xact_id\(\).*nextval/,
    )
  })

  test('An event is stored as the same row whether it is published alone or among others', async () => {
    const fixture = await open()
    const events = [null, 0, false, '', [], { a: null, text: 'ü "quoted" \\ ' }].map(
      (payload, version) => change(1, version, { payload, headers: { tenant: 'a"b' } }),
    )
    for (const event of events) await fixture.publish(event)
    await fixture.publish(...events)
    const rows = await fixture.rows(`
      SELECT aggregatetype, aggregateid, type, version, shard,
        payload::text, payload IS NULL AS is_absent, headers::text
      FROM @schema.outbox ORDER BY seq`)
    expect(rows.slice(0, events.length)).toEqual(rows.slice(events.length))
    expect(rows.map((row) => 'is_absent' in row && row.is_absent).slice(0, 2)).toEqual([
      true,
      false,
    ])
  })

  test('An event that breaks a rule fails its transaction before the database is asked', async () => {
    const fixture = await open()
    const touched = { query: () => Promise.reject(new Error('the database was asked')) }
    await expect(
      publish(touched, change(1, 1, { payload: { price: Number.NaN } })),
    ).rejects.toThrow(FailureError)
    const refused = transaction(fixture.stores, async (tx) => {
      await tx.query('CREATE TABLE @schema.proof (id int)')
      tx.publish(change(1, 1, { payload: { when: undefined } as unknown as NewEvent['payload'] }))
      return ok(undefined)
    })
    await expect(refused).rejects.toMatchObject({
      failure: { type: 'invalid-input', field: 'events[0].payload.when' },
    })
    expect(
      await fixture.rows('SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2', [
        fixture.schema,
        'proof',
      ]),
    ).toEqual([])
  })
})
