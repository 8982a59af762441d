import { Diagnostics, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Intents } from '../../src/invalidation/intents.ts'
import {
  areTrusted,
  rowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'

let rows: VersionedRows
let writer: Stores

beforeEach(async () => {
  rows = await versionedRows()
  writer = await rows.open({
    postgres: { statementTimeoutMs: 120_000, connectTimeoutMs: 20_000 },
    invalidation: { lookEveryMs: 3_600_000 },
  })
  // Its first look must not settle what a test leaves.
  await areTrusted(writer)
})
afterEach(() => rows.dispose())

const sql = async (text: string, values?: readonly unknown[]) =>
  orThrow(await writer.postgres.query(text, values)).rows
const isStored = async (id: number) => {
  const cache = rowCache(writer)
  await eventually(async () => {
    await versionOf(cache, id)
    const before = cache.loads.length
    await versionOf(cache, id)
    expect(cache.loads).toHaveLength(before)
  })
}

/** As writers leave them that could reach Redis neither before nor after their commits. */
async function leaveIntents(count: number, keysEach = 1): Promise<void> {
  await sql(
    `INSERT INTO @schema.invalidation_intent (id, prefix, keys, is_held, has_ended)
     SELECT 'i' || id, $1, ARRAY(SELECT 'row:' || (id - 1) * $3::int + key
       FROM generate_series(1, $3::int) AS key), false, true
     FROM generate_series(1, $2::int) AS id`,
    [rows.own.redis.prefix, count, keysEach],
  )
  // Autovacuum has long analysed the table of such an outage.
  await sql('ANALYZE @schema.invalidation_intent')
}
const leftIntents = async () =>
  (await sql('SELECT id FROM @schema.invalidation_intent ORDER BY id')).map(({ id }) => id)

const backlogs = [
  { name: 'A hundred thousand intents of a long outage', intents: 100_000, keysEach: 1 },
  { name: 'Intents of very many keys', intents: 10, keysEach: 10_000 },
]

describe('a backlog of intents', () => {
  test.each(backlogs)(
    '$name are settled by one flush, and no process reads an old value after it',
    async ({ intents, keysEach }) => {
      await isStored(7)
      await leaveIntents(intents, keysEach)
      await sql('UPDATE @schema.rows SET version = 2 WHERE id = 7')
      const flushed: number[] = []
      const diagnostics = new Diagnostics()
      diagnostics.on('invalidation:flush', ({ intents: count }) => flushed.push(count))
      const late = await Promise.all(
        [1, 2, 3].map(() => rows.open({ diagnostics, invalidation: { lookEveryMs: 3_600_000 } })),
      )
      await eventually(
        () => expect(late.map(({ invalidation }) => invalidation.isOpen)).not.toContain(false),
        { timeoutMs: 120_000 },
      )
      expect(flushed).toEqual([intents])
      expect(await leftIntents()).toEqual([])
      // The old value is still there, and nobody takes it.
      const key = rows.own.redis.prefix + rowCache(writer).key(7).text
      expect(await writer.redis.client.get(key)).toContain('"version":1')
      for (const stores of late) expect(await versionOf(rowCache(stores), 7)).toBe(2)
      await eventually(async () =>
        expect(await writer.redis.client.get(key)).toContain('"version":2'),
      )
    },
  )

  test('A process that cannot ask PostgreSQL takes no value from before a flush either', async () => {
    await isStored(7)
    const proxy = await faultProxy(rows.own.postgres.url)
    const apart = await rows.open({
      postgres: { url: proxy.url },
      invalidation: { lookEveryMs: 50 },
    })
    await areTrusted(apart)
    const cache = rowCache(apart)
    expect(await versionOf(cache, 7)).toBe(1)
    expect(cache.loads).toEqual([])
    proxy.cut()
    await leaveIntents(20_000)
    await sql('UPDATE @schema.rows SET version = 2 WHERE id = 7')
    const late = await rows.open()
    await eventually(() => expect(late.invalidation.isOpen).toBe(true), { timeoutMs: 120_000 })
    await eventually(async () => expect((await cache.get(7)).isErr()).toBe(true))
    expect(apart.invalidation.isOpen).toBe(true)
    await proxy.close()
  })
})

describe('intents that are removed at once', () => {
  const intents = () => new Intents(writer.postgres, rows.own.redis.prefix)
  const aMinute = 60_000

  test('Those of open transactions, of holds that stand and of other caches are spared', async () => {
    const write = (
      id: string,
      values: { prefix?: string; isHeld?: boolean; transaction: string },
    ) =>
      sql(
        `INSERT INTO @schema.invalidation_intent (id, prefix, transaction, keys, is_held)
         VALUES ($1, $2, $3::xid8, '{}', $4)`,
        [id, values.prefix ?? rows.own.redis.prefix, values.transaction, values.isHeld ?? false],
      )
    const ended = String((await sql('SELECT pg_current_xact_id()::text AS xid'))[0]?.xid)
    await writer.postgres.withConnection(async (tx) => {
      const { rows: own } = await tx.query<{ xid: string }>(
        'BEGIN; SELECT pg_current_xact_id()::text AS xid',
      )
      await write('ended', { transaction: ended })
      await write('held', { transaction: ended, isHeld: true })
      await write('of another cache', { transaction: ended, prefix: 'other:' })
      await write('open', { transaction: String(own[0]?.xid) })
      expect(await intents().removeEnded(aMinute, async () => undefined)).toBe(1)
      expect(await leftIntents()).toEqual(['held', 'of another cache', 'open'])
      expect(await intents().removeEnded(0, async () => undefined)).toBe(1)
      await tx.query('COMMIT')
    })
    expect(await intents().removeEnded(aMinute, async () => undefined)).toBe(1)
    expect(await leftIntents()).toEqual(['of another cache'])
  })

  test('Others see them until they are made up for, and keep them when that fails', async () => {
    await leaveIntents(3)
    const failure = new Error('Redis is away')
    const seen: unknown[] = []
    await expect(
      intents().removeEnded(aMinute, async () => {
        seen.push(...(await leftIntents()))
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(seen).toEqual(['i1', 'i2', 'i3'])
    expect(await leftIntents()).toEqual(['i1', 'i2', 'i3'])
  })

  test('One process removes them at a time', async () => {
    await leaveIntents(3)
    let second: unknown
    const first = await intents().removeEnded(aMinute, async () => {
      second = await intents().removeEnded(aMinute, async () => undefined)
    })
    expect([first, second]).toEqual([3, 'busy'])
  })

  test('Nothing is flushed for no intent', async () => {
    let flushes = 0
    const removed = await intents().removeEnded(aMinute, async () => {
      flushes += 1
    })
    expect([removed, flushes]).toEqual([0, 0])
  })
})
