import { setTimeout } from 'node:timers/promises'
import {
  beginChange,
  ok,
  orThrow,
  type Stores,
  type Transaction,
  transaction,
} from '@headwater/core'
import {
  eventually,
  faultProxy,
  type FaultProxy,
  type RedisServer,
  startRedisServer,
} from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  areTrusted,
  raise,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from '../cache/versioned-rows.ts'
import { middleWait } from './middle-wait.ts'

let rows: VersionedRows
let redis: RedisServer
let proxy: FaultProxy
let postgresProxy: FaultProxy
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0

beforeAll(async () => {
  rows = await versionedRows()
  redis = await startRedisServer()
  proxy = await faultProxy(redis.url)
  postgresProxy = await faultProxy(rows.own.postgres.url)
  // The deadline of a transaction below stays within an ordinary hold, and a gate waits so long.
  const invalidation = { holdMs: 42_000 }
  reader = await rows.open({ redis: { url: redis.url, deadlineMs: 1_000 }, invalidation })
  writer = await rows.open({ redis: { url: proxy.url, deadlineMs: 1_000 }, invalidation })
})
afterAll(async () => {
  await rows.dispose()
  await Promise.all([proxy.close(), postgresProxy.close(), redis.stop()])
})
beforeEach(async () => {
  id += 1
  proxy.restore()
  postgresProxy.restore()
  cache = rowCache(reader)
  await areTrusted(reader, writer)
})

const keyOf = () => reader.redis.keyPrefix + cache.key(id).text
const raw = () => reader.redis.client.get(keyOf())
const isStored = () =>
  eventually(async () => {
    await versionOf(cache, id)
    expect(await raw()).toMatch(/^v1 /)
  })
const intents = async () =>
  Number(
    orThrow(
      await reader.postgres.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM @schema.invalidation_intent',
      ),
    ).rows[0]?.count,
  )

describe("Redis that dies between COMMIT's hold and the release", () => {
  test('A Redis that dies between hold and release leaves the transaction Ok, without a ROLLBACK', async () => {
    await isStored()
    const sent: string[] = []
    let held: Promise<string | null> | undefined
    const offs = [
      writer.diagnostics.on('store:operation', ({ store, operation }) => {
        if (store === 'postgres') sent.push(operation)
      }),
      writer.diagnostics.on('invalidation:hold', () => {
        held = raw()
        proxy.cut()
      }),
    ]
    expect(await raise(writer, id, [cache.key(id)])).toBe(2)
    await eventually(() => expect(writer.redis.isAvailable).toBe(false))
    offs.forEach((off) => {
      off()
    })
    expect(sent).toContain('commit')
    expect(sent).not.toContain('rollback')
    expect(await versionOf(cache, id)).toBe(2)
    expect(await held).toMatch(/^h1 /)
  })
})

describe('Redis that only the writer cannot reach', () => {
  test.each(['cut', 'hang'] as const)(
    'Others see a commit within 1.5 s when Redis is out of reach for its writer (%s)',
    async (fault) => {
      const raiseWithoutRedis = async () => {
        id += 1
        proxy.restore()
        await areTrusted(reader, writer)
        await isStored()
        proxy[fault]()
        expect(await raise(writer, id, [cache.key(id)])).toBe(2)
      }
      const isSeen = async () => expect(await versionOf(cache, id)).toBe(2)
      expect(await middleWait(raiseWithoutRedis, isSeen)).toBeLessThan(1_500)
      await eventually(async () => expect(await intents()).toBe(0))
      await eventually(() => expect(reader.invalidation.isOpen).toBe(true))
      await isStored()
      expect(await versionOf(cache, id)).toBe(2)
    },
  )

  test('The intent of a writer that dies without Redis is settled by another process', async () => {
    await isStored()
    proxy.cut()
    await eventually(() => expect(writer.redis.isAvailable).toBe(false))
    const told: number[] = []
    const off = writer.diagnostics.on('invalidation:intent', ({ keys }) => told.push(keys))
    await writer.postgres.withConnection(async (tx) => {
      const change = beginChange(writer, { tx })
      await tx.query('BEGIN')
      await tx.query('UPDATE @schema.rows SET version = 2 WHERE id = $1', [id])
      change.invalidate(cache.key(id))
      orThrow(await change.hold())
      await tx.query('COMMIT')
    })
    off()
    expect(told).toEqual([1])
    await eventually(async () => expect(await versionOf(cache, id)).toBe(2), { timeoutMs: 10_000 })
    await eventually(async () => expect(await intents()).toBe(0))
  })

  test('While a writer without Redis is in its transaction, no process uses the cache', async () => {
    await isStored()
    proxy.cut()
    await eventually(() => expect(writer.redis.isAvailable).toBe(false))
    await writer.postgres.withConnection(async (tx) => {
      const change = beginChange(writer, { tx })
      await tx.query('BEGIN')
      change.invalidate(cache.key(id))
      orThrow(await change.hold())
      await eventually(() => expect(reader.invalidation.isOpen).toBe(false))
      const late = await rows.open({ redis: { url: redis.url, deadlineMs: 1_000 } })
      expect(late.invalidation.isOpen).toBe(false)
      await tx.query('COMMIT')
    })
    await eventually(() => expect(reader.invalidation.isOpen).toBe(true))
  })
})

describe('Redis that hangs', () => {
  test('A Redis that hangs costs a read at most its deadline, and nothing once the breaker is open', async () => {
    const slow = rowCache(writer)
    await versionOf(slow, id)
    await eventually(async () => expect(await raw()).toMatch(/^v1 /))
    proxy.hang()
    const outcomes: string[] = []
    const off = writer.diagnostics.on('store:operation', ({ operation, outcome }) => {
      if (['get', 'lease', 'fill'].includes(operation)) outcomes.push(outcome)
    })
    const waits: number[] = []
    for (let read = 0; read < 20; read += 1) {
      const before = outcomes.length
      expect(await versionOf(slow, id)).toBe(1)
      waits.push(outcomes.slice(before).filter((outcome) => outcome === 'deadline-exceeded').length)
    }
    off()
    expect(Math.max(...waits)).toBe(1)
    expect(waits.filter((each) => each > 0).length).toBeLessThanOrEqual(6)
  })
})

describe('Redis that comes back', () => {
  test('A Redis that returns empty is filled again after the gate was closed', async () => {
    const gate: string[] = []
    const off = reader.diagnostics.on('invalidation:gate', ({ state }) => gate.push(state))
    await isStored()
    await redis.restart()
    expect(await versionOf(cache, id)).toBe(1)
    await isStored()
    off()
    expect(gate).toEqual(['closed', 'open'])
  })

  test('A Redis that returns from a snapshot brings no old value back', async () => {
    await isStored()
    await redis.snapshot()
    const old = (await raw()) ?? ''
    expect(await raise(writer, id, [cache.key(id)])).toBe(2)
    await redis.kill()
    await redis.restart({ keepData: true })
    await areTrusted(reader)
    // A gate that had an intent to settle has deleted it already.
    await reader.redis.client.set(keyOf(), old)
    expect(await versionOf(cache, id)).toBe(2)
    await isStored()
    expect(await raw()).toContain('"version":2')
  })

  test('When Redis returns during a transaction, readers store nothing until it has ended', async () => {
    await isStored()
    let held: Promise<string | null> | undefined
    let looks = 0
    const offs = [
      writer.diagnostics.on('invalidation:hold', () => {
        held = raw()
      }),
      reader.diagnostics.on('store:operation', ({ operation }) => {
        if (operation.includes('invalidation_intent')) looks += 1
      }),
    ]
    const work = async (tx: Transaction) => {
      tx.invalidate(cache.key(id))
      await tx.query('UPDATE @schema.rows SET version = 2 WHERE id = $1', [id])
      await redis.restart()
      await eventually(() =>
        expect(writer.redis.isAvailable && reader.redis.isAvailable).toBe(true),
      )
      const before = looks
      await eventually(() => expect(looks).toBeGreaterThan(before + 5))
      expect(await versionOf(cache, id)).toBe(1)
      expect(await raw()).toBeNull()
      return ok(1)
    }
    orThrow(await transaction(writer, work, { deadlineMs: 20_000 }))
    offs.forEach((off) => {
      off()
    })
    expect(await held).toMatch(/^h1 /)
    expect(await versionOf(cache, id)).toBe(2)
    await isStored()
  })
})

describe('a change of a host that names no transaction', () => {
  test("A host's change without a transaction id is settled as soon as Redis is back", async () => {
    const change = beginChange(writer)
    proxy.cut()
    change.invalidate(cache.key(id))
    orThrow(await change.hold())
    expect(await intents()).toBe(1)
    await change.release()
    await eventually(async () => expect(await intents()).toBe(0))
    await eventually(() => expect(reader.invalidation.isOpen).toBe(true))
  })
})

describe('a durable invalidation', () => {
  test('A durable invalidation writes and removes an intent without closing a gate', async () => {
    const durable = await rows.open({
      redis: { url: redis.url, deadlineMs: 1_000 },
      invalidation: { mode: 'durable' },
    })
    await eventually(() => expect(durable.invalidation.isOpen).toBe(true))
    const statements: string[] = []
    durable.diagnostics.on('store:operation', ({ operation }) => {
      if (operation.includes('invalidation_intent')) statements.push(operation)
    })
    const closed: string[] = []
    const off = reader.diagnostics.on('invalidation:gate', ({ state }) => closed.push(state))
    expect(await raise(durable, id, [cache.key(id)])).toBe(2)
    await eventually(() => expect(statements).toContain('delete invalidation_intent'))
    expect(statements).toContain('insert invalidation_intent')
    await eventually(async () => expect(await intents()).toBe(0))
    off()
    expect(closed).toEqual([])
  })

  /** A writer whose hold Redis evicts, and that commits and dies without releasing anything. */
  const loseHold = async (mode: 'fast' | 'durable'): Promise<void> => {
    const stores = await rows.open({
      redis: { url: redis.url, deadlineMs: 1_000 },
      invalidation: { mode },
    })
    await eventually(() => expect(stores.invalidation.isOpen).toBe(true))
    await reader.postgres.withConnection(async (connection) => {
      const change = beginChange(stores, { tx: connection })
      await connection.query('BEGIN')
      await connection.query('UPDATE rows SET version = version + 1 WHERE id = $1', [id])
      change.invalidate(cache.key(id))
      orThrow(await change.hold())
      await reader.redis.client.del(keyOf())
      await isStored()
      await connection.query('COMMIT')
    })
  }

  test('Another process deletes the key when Redis loses the hold of a durable writer that died', async () => {
    await isStored()
    await loseHold('durable')
    // Once the intent is older than a hold: until then its writer may still release.
    await eventually(async () => expect(await versionOf(cache, id)).toBe(2), { timeoutMs: 60_000 })
    await eventually(async () => expect(await intents()).toBe(0))
  })

  test('Nobody deletes the key when Redis loses the hold of a fast writer that died', async () => {
    await isStored()
    await loseHold('fast')
    await setTimeout(3_000)
    expect(await raw()).toContain('"version":1')
  })

  test('Only a transaction that may outlast the wait of a gate is durable by itself', async () => {
    const statements: string[] = []
    const off = writer.diagnostics.on('store:operation', ({ operation }) => {
      if (/^(insert|delete) invalidation_intent/.test(operation)) statements.push(operation)
    })
    const within = (deadlineMs: number) =>
      transaction(
        writer,
        async (tx) => {
          await tx.query('SELECT 1')
          tx.invalidate(cache.key(id))
          return ok(undefined)
        },
        { deadlineMs },
      )
    orThrow(await within(20_000))
    expect(statements).not.toContain('insert invalidation_intent')
    orThrow(await within(20_001))
    await eventually(() =>
      expect(statements).toEqual(['insert invalidation_intent', 'delete invalidation_intent']),
    )
    off()
  })
})

describe('grace', () => {
  const expired = async (graceMs: number): Promise<{ stores: Stores; short: RowCache }> => {
    const stores = await rows.open({
      postgres: { url: postgresProxy.url },
      redis: { url: redis.url, deadlineMs: 1_000 },
    })
    await eventually(() => expect(stores.invalidation.isOpen).toBe(true))
    const short = rowCache(stores, { name: `short${graceMs}`, ttlMs: 100, graceMs })
    await eventually(async () => {
      await versionOf(short, id)
      const key = reader.redis.keyPrefix + short.key(id).text
      expect(await reader.redis.client.get(key)).toMatch(/^v1 /)
    })
    postgresProxy.cut()
    return { stores, short }
  }

  test('Within grace an expired value answers while PostgreSQL is down', async () => {
    const { stores, short } = await expired(60_000)
    const served: number[] = []
    stores.diagnostics.on('cache:stale-served', ({ ageMs }) => served.push(ageMs))
    await eventually(async () => {
      expect(await versionOf(short, id)).toBe(1)
      expect(served.length).toBeGreaterThan(3)
    })
    expect(Math.max(...served)).toBeGreaterThan(100)
    postgresProxy.restore()
    await eventually(async () => {
      const loads = short.loads.length
      await versionOf(short, id)
      expect(short.loads.length).toBeGreaterThan(loads)
    })
  })

  test('Grace does not answer for a held key', async () => {
    const { short } = await expired(60_000)
    await eventually(async () => expect(await versionOf(short, id)).toBe(1))
    const change = reader.invalidation.begin()
    change.invalidate([short.key(id)])
    await change.hold(async () => undefined)
    expect((await short.get(id))._unsafeUnwrapErr()).toMatchObject({ type: 'store-unavailable' })
    await change.release()
  })

  test('Control: without grace the failure is the answer', async () => {
    const { short } = await expired(0)
    await eventually(async () => expect((await short.get(id)).isErr()).toBe(true))
  })
})
