import { orThrow, type SqlResult } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { expect, test } from 'vitest'
import {
  claim,
  leave,
  openCursors,
  pulse,
  takeOverAfterMs,
} from '../../../src/outbox/relay/cursor.ts'
import { TickLog } from '../../../src/outbox/log/tick-log.ts'
import { Ownership } from '../../../src/outbox/relay/ownership.ts'
import { change, recordingSink, useOutbox, type OutboxFixture } from '../outbox-fixture.ts'

const open = useOutbox()
const exams = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => change(from + index, 1, { type: 'exam.passed' }))

test('A relay with fewer types than the newest one passes no event that it does not deliver', async () => {
  const fixture = await open()
  const old = recordingSink({ types: ['course.*'] })
  const recent = recordingSink({ types: ['exam.*', 'course.*'] })
  const before = fixture.relay([old])
  await fixture.publish(change('a', 1))
  orThrow(await before.drain())
  const after = fixture.relay([recent])
  after.start()
  await eventually(async () => {
    expect(
      await fixture.rows('SELECT FROM @schema.outbox_sink WHERE cardinality(types) = 2'),
    ).toHaveLength(1)
  })
  await fixture.publish(...exams(1, 40))
  orThrow(await after.drain())
  expect(old.seen).toEqual(['a@1'])
  expect(new Set(recent.seen).size).toBe(40)
  await eventually(() => {
    expect(fixture.errors.map(String)).toEqual([expect.stringMatching(/other types/)])
  })
})

test('A relay of the old release that is restarted leaves the sink to the new release', async () => {
  const fixture = await open()
  const old = () => fixture.relay([recordingSink({ types: ['course.*'] })])
  await fixture.publish(change('a', 1))
  orThrow(await old().drain())
  const recent = recordingSink({ types: ['exam.*', 'course.*'] })
  const after = fixture.relay([recent])
  await fixture.publish(...exams(1, 10))
  orThrow(await after.drain())
  old().start()
  await eventually(() => {
    expect(fixture.errors.map(String)).toContainEqual(expect.stringMatching(/other types/))
  })
  await fixture.publish(...exams(11, 10))
  orThrow(await after.drain())
  expect(new Set(recent.seen).size).toBe(20)
})

test('A release that is rolled back takes over again with its own types', async () => {
  const fixture = await open()
  const old = recordingSink({ types: ['course.*'] })
  const recent = recordingSink({ types: ['exam.*', 'course.*'] })
  fixture.relay([old]).start()
  const after = fixture.relay([recent])
  await fixture.publish(...exams(1, 10))
  orThrow(await after.drain())
  orThrow(await after.stop())
  const again = recordingSink({ types: ['course.*'] })
  const rolledBack = fixture.relay([again])
  rolledBack.start()
  await fixture.publish(change('b', 1))
  orThrow(await rolledBack.drain())
  // A relay that has not heard of the new release yet may deliver it too.
  expect(new Set([...old.seen, ...again.seen])).toEqual(new Set(['b@1']))
})

const owning = (types: string[], leaseMs = 3_000) => ({
  sink: recordingSink({ types }),
  owner: types.join(),
  leaseMs,
})

test('A waiting relay takes the sink back once no relay of the newer release is left for a minute', async () => {
  const fixture = await open()
  const { clock, postgres } = fixture.stores
  const sql = postgres.client
  const [old, recent] = [owning(['course.*']), owning(['course.*', 'exam.*'], 60_000)]
  let now = 0
  const ownership = new Ownership({
    sql,
    owning: old,
    clock: { ...clock, monotonic: () => now },
    ticks: new TickLog(),
  })
  await openCursors(sql, old)
  await openCursors(sql, recent)
  await pulse(sql, recent)
  await expect(ownership.pulse()).rejects.toThrow(/other types/)
  now = takeOverAfterMs
  await ownership.pulse()
  expect(ownership.isForsaken).toBe(false)
  await leave(sql, recent)
  await ownership.pulse()
  now += takeOverAfterMs - 1
  expect(ownership.isForsaken).toBe(false)
  now += 1
  expect(ownership.isForsaken).toBe(true)
  await openCursors(sql, old)
  await ownership.pulse()
  expect(ownership.isForsaken).toBe(false)
  expect(await typesOf(fixture)).toEqual(old.sink.types)
})

test('An older release leaves the sink to relays that left without a word less than a minute ago', async () => {
  const fixture = await open()
  const sql = fixture.stores.postgres.client
  const [old, recent] = [owning(['course.*']), owning(['exam.*'], 1)]
  const typesAfter = async (silence: string) => {
    await openCursors(sql, recent)
    await pulse(sql, recent)
    await fixture.rows(`
      UPDATE @schema.outbox_owner
      SET seen_at = seen_at - interval '${silence}', seen_until = seen_until - interval '${silence}'`)
    await openCursors(sql, old)
    return typesOf(fixture)
  }
  await openCursors(sql, old)
  expect(await typesAfter('50 seconds')).toEqual(recent.sink.types)
  expect(await typesAfter('70 seconds')).toEqual(old.sink.types)
  // Nobody has been seen since the clock was set back.
  expect(await typesAfter('-1 hour')).toEqual(old.sink.types)
})

test('A relay that pulsed while a newer release registered does not keep a rolled back one waiting', async () => {
  const fixture = await open()
  const sql = fixture.stores.postgres.client
  const [old, recent] = [owning(['course.*']), owning(['exam.*'])]
  await openCursors(sql, old)
  const slow = await fixture.session()
  await slow.run('BEGIN')
  await pulse({ query: async (text, values) => rowsOf(await slow.run(text, values)) }, old)
  const registered = openCursors(sql, recent)
  await waitsForLock(fixture)
  await slow.run('COMMIT')
  await registered
  await leave(sql, recent)
  await openCursors(sql, old)
  expect(await typesOf(fixture)).toEqual(old.sink.types)
})

test('A relay of the old release that is restarted before the new one has pulsed does not take over', async () => {
  const fixture = await open()
  const sql = fixture.stores.postgres.client
  const [old, recent] = [owning(['course.*']), owning(['exam.*'])]
  await openCursors(sql, old)
  await openCursors(sql, recent)
  await openCursors(sql, old)
  expect(await typesOf(fixture)).toEqual(recent.sink.types)
})

test('A relay takes no shard in the name of types that are being replaced', async () => {
  const fixture = await open()
  const sql = fixture.stores.postgres.client
  const old = owning(['course.*'])
  await openCursors(sql, old)
  const session = await fixture.session()
  await session.run('BEGIN')
  await session.run("UPDATE @schema.outbox_sink SET types = '{exam.*}'")
  const claimed = claim(sql, old, 64)
  await waitsForLock(fixture)
  await session.run('COMMIT')
  expect(await claimed).toEqual([])
})

/** Waits until a statement about the sinks of this outbox waits for another one. */
async function waitsForLock(fixture: OutboxFixture): Promise<void> {
  await eventually(async () => {
    const waiting = await fixture.rows(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ $1`,
      [`"${fixture.schema}"`],
    )
    expect(waiting).not.toEqual([])
  })
}

function rowsOf<Row>(rows: unknown[]): SqlResult<Row> {
  return { rows: rows as Row[], rowCount: rows.length }
}

async function typesOf(fixture: OutboxFixture): Promise<readonly string[] | undefined> {
  const [sink] = await fixture.rows<{ types: string[] }>('SELECT types FROM @schema.outbox_sink')
  return sink?.types
}
