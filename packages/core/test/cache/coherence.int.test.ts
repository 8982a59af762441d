import timers from 'node:timers/promises'
import { beginChange, cacheKey, err, ok, orThrow, type Stores, transaction } from '@headwater/core'
import { eventually, faultProxy, startRedisServer } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NaiveCache } from './naive-cache.ts'
import {
  areTrusted,
  raise,
  redisKinds,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from './versioned-rows.ts'

let rows: VersionedRows
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0

const raw = (key = cache.key(id).text) => reader.redis.client.get(reader.redis.keyPrefix + key)
const isStored = () =>
  eventually(async () => {
    await versionOf(cache, id)
    expect(await raw()).toMatch(/^v1 /)
  })
const heldThenEvicted = async () => {
  const change = beginChange(writer)
  change.invalidate(cache.key(id))
  orThrow(await change.hold())
  await reader.redis.client.del(reader.redis.keyPrefix + cache.key(id).text)
  return change
}
const bumpAs = (stores: Stores) =>
  stores.postgres.query('UPDATE @schema.rows SET version = version + 1 WHERE id = $1', [id])

describe.each(redisKinds)('on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
    reader = await rows.open()
    writer = await rows.open()
    await areTrusted(reader, writer)
  })
  afterAll(() => rows.dispose())
  beforeEach(() => {
    cache = rowCache(reader)
    id += 1
  })

  describe('a read after a commit', () => {
    test('A read after a commit never sees an older value, in the writing process or another', async () => {
      const other = rowCache(writer)
      for (let version = 2; version < 12; version += 1) {
        expect(await versionOf(cache, id)).toBe(version - 1)
        expect(await raise(writer, id, [cache.key(id)])).toBe(version)
        expect(await Promise.all([versionOf(cache, id), versionOf(other, id)])).toEqual([
          version,
          version,
        ])
      }
    })

    test('A value loaded before a commit is not stored after it', async () => {
      const resume = cache.pauseLoads()
      const early = versionOf(cache, id)
      await eventually(() => expect(cache.loads).toHaveLength(1))
      await raise(writer, id, [cache.key(id)])
      resume()
      expect(await early).toBe(1)
      expect(await versionOf(cache, id)).toBe(2)
    })

    test('Control: a hand-written cache serves the old value for its whole life', async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      let isLoaded = false
      const naive = new NaiveCache(reader, () => {
        isLoaded = true
        return promise
      })
      const early = naive.get(id)
      await eventually(() => isLoaded)
      await raise(writer, id, [])
      await naive.invalidate(id)
      resolve()
      await early
      expect((await naive.get(id))?.version).toBe(1)
    })

    test('A load is not shared with a reader that asked before the commit', async () => {
      const resume = cache.pauseLoads()
      const early = versionOf(cache, id)
      await eventually(() => expect(cache.loads).toHaveLength(1))
      await raise(writer, id, [cache.key(id)])
      await eventually(async () => expect(await raw()).toBeNull())
      const looked = reader.diagnostics.on('cache:miss', () => {
        looked()
        setImmediate(resume)
      })
      const late = versionOf(cache, id)
      expect(await early).toBe(1)
      expect(await late).toBe(2)
    })
  })

  describe('a writer', () => {
    test('A transaction that has begun holds its keys from invalidate on: readers load and do not store', async () => {
      await versionOf(cache, id)
      const result = await transaction(writer, async (tx) => {
        await tx.query('SELECT 1')
        tx.invalidate(cache.key(id))
        await eventually(async () => expect(await raw()).toMatch(/^h1 /))
        expect(await versionOf(cache, id)).toBe(1)
        expect(await raw()).toMatch(/^h1 /)
        return ok(1)
      })
      expect(result.isOk()).toBe(true)
    })

    test('A transaction holds no key before it has an id, and then every key that it has named', async () => {
      await isStored()
      const result = await transaction(writer, async (tx) => {
        tx.invalidate(cache.key(id))
        await timers.setImmediate()
        await writer.redis.client.ping()
        expect(await raw()).toMatch(/^v1 /)
        await tx.query('SELECT 1')
        await eventually(async () => expect(await raw()).toMatch(/^h1 /))
        return ok(1)
      })
      expect(result.isOk()).toBe(true)
    })

    test('A rollback releases the keys too', async () => {
      expect(
        (
          await transaction(writer, async (tx) => {
            tx.invalidate(cache.key(id))
            await tx.query('SELECT 1')
            await eventually(async () => expect(await raw()).toMatch(/^h1 /))
            return err('no')
          })
        ).isErr(),
      ).toBe(true)
      await eventually(async () => expect(await raw()).toBeNull())
    })

    test('A writer never releases the hold of another writer', async () => {
      const one = writer.invalidation.begin()
      const other = writer.invalidation.begin()
      one.invalidate([cache.key(id)])
      other.invalidate([cache.key(id)])
      await one.hold(async () => undefined)
      await other.hold(async () => undefined)
      await one.release()
      expect(await raw()).toMatch(/^h1 /)
      await other.release()
      expect(await raw()).toBeNull()
    })

    test('A writer that dies between commit and release leaves no old value, since its hold expires', async () => {
      await versionOf(cache, id)
      const dead = writer.invalidation.begin({ lifeMs: 300 })
      dead.invalidate([cache.key(id)])
      await dead.hold(async () => undefined)
      orThrow(await bumpAs(writer))
      expect(await versionOf(cache, id)).toBe(2)
      await eventually(async () => expect((await raw()) ?? '').not.toMatch(/^h1 /), {
        timeoutMs: 10_000,
      })
      expect(await versionOf(cache, id)).toBe(2)
    })

    test('A writer whose hold was lost deletes what was stored in the meantime and reports it', async () => {
      const lost: number[] = []
      const off = writer.diagnostics.on('invalidation:hold-lost', ({ keys }) => lost.push(keys))
      const change = beginChange(writer)
      change.invalidate(cache.key(id))
      orThrow(await change.hold())
      await reader.redis.client.del(reader.redis.keyPrefix + cache.key(id).text)
      await isStored()
      orThrow(await bumpAs(writer))
      await change.release()
      off()
      expect(lost).toEqual([1])
      expect(await versionOf(cache, id)).toBe(2)
    })

    test('After the eviction of its hold the old value can be read from commit to release, never later', async () => {
      const change = await heldThenEvicted()
      await isStored()
      orThrow(await bumpAs(writer))
      expect(await versionOf(cache, id)).toBe(1)
      await change.release()
      const answers = await Promise.all(Array.from({ length: 50 }, () => versionOf(cache, id)))
      expect(new Set(answers)).toEqual(new Set([2]))
    })

    test('After the eviction of its hold no value loaded before the commit is stored after the release', async () => {
      const change = await heldThenEvicted()
      const resume = cache.pauseLoads()
      const early = versionOf(cache, id)
      await eventually(() => expect(cache.loads).toHaveLength(1))
      orThrow(await bumpAs(writer))
      await change.release()
      resume()
      expect(await early).toBe(1)
      expect(await versionOf(cache, id)).toBe(2)
      expect(await raw()).not.toContain('"version":1')
    })

    test('A hold that has lived half its life is renewed before COMMIT', async () => {
      const change = writer.invalidation.begin({ lifeMs: 8_000 })
      const key = reader.redis.keyPrefix + cache.key(id).text
      const endsAt = async () => Number(await reader.redis.client.pExpireTime(key))
      change.invalidate([cache.key(id)])
      const before = await eventually(async () => {
        const at = await endsAt()
        return at > 0 && at
      })
      await eventually(async () =>
        expect(Number(await reader.redis.client.pTTL(key))).toBeLessThan(3_600),
      )
      await change.hold(async () => undefined)
      expect(await endsAt()).toBeGreaterThan(before)
      await change.release()
    })

    test("A host's own transaction holds and releases its keys", async () => {
      await versionOf(cache, id)
      const change = beginChange(writer)
      await writer.postgres.withConnection(async (connection) => {
        await connection.query('BEGIN')
        change.invalidate(cache.key(id))
        await connection.query('UPDATE @schema.rows SET version = version + 1 WHERE id = $1', [id])
        orThrow(await change.hold())
        await connection.query('COMMIT')
      })
      expect(await versionOf(cache, id)).toBe(2)
      await change.release()
      expect(await versionOf(cache, id)).toBe(2)
    })
  })

  describe('a reader inside a transaction', () => {
    test('A read inside a transaction sees its writes and stores nothing', async () => {
      const result = await transaction(writer, async (tx) => {
        await tx.query('UPDATE @schema.rows SET version = 50 WHERE id = $1', [id])
        expect(orThrow(await cache.get(id, { tx }))?.version).toBe(50)
        expect(orThrow(await cache.getMany([id], { tx })).get(id)?.version).toBe(50)
        return err('roll back')
      })
      expect(result.isErr()).toBe(true)
      expect(await raw()).toBeNull()
      expect(await versionOf(cache, id)).toBe(1)
    })
  })

  describe('tags', () => {
    test('Invalidating a tag makes every entry under it a miss at once', async () => {
      const tag = cacheKey('tag', id)
      const tagged = rowCache(reader, { name: 'tagged', tags: () => [tag, cacheKey('another')] })
      expect(await versionOf(tagged, id)).toBe(1)
      await eventually(async () => expect(await raw(tagged.key(id).text)).toMatch(/^v1 /))
      expect(await versionOf(tagged, id)).toBe(1)
      expect(tagged.loads).toHaveLength(1)
      await raise(writer, id, [tag])
      expect(await versionOf(tagged, id)).toBe(2)
    })

    test('An entry loaded before its tag was invalidated is not stored', async () => {
      const tag = cacheKey('tag', id)
      const tagged = rowCache(reader, { name: 'tagged', tags: () => [tag] })
      const resume = tagged.pauseLoads()
      const early = versionOf(tagged, id)
      await eventually(() => expect(tagged.loads).toHaveLength(1))
      const follower = versionOf(tagged, id)
      await raise(writer, id, [tag])
      const late = versionOf(tagged, id)
      resume()
      expect(await early).toBe(1)
      expect([await late, await follower]).toEqual([2, 2])
      expect(await versionOf(tagged, id)).toBe(2)
    })

    test('Tags are read along with their entries in one round trip', async () => {
      const tagged = rowCache(reader, {
        name: 'tagged',
        tags: () => [cacheKey('t1'), cacheKey('t2')],
      })
      await versionOf(tagged, id)
      const operations: string[] = []
      const off = reader.diagnostics.on('store:operation', ({ store, operation }) => {
        if (store === 'redis') operations.push(operation)
      })
      await eventually(async () => {
        operations.length = 0
        await versionOf(tagged, id)
        expect(operations).toEqual(['get'])
      })
      off()
    })
  })
})

describe('on a server that comes back with a snapshot', () => {
  test('A load from before a commit is not shared with a later reader, even if its lease returns', async () => {
    const [redis, own] = await Promise.all([startRedisServer(), versionedRows()])
    const [one, other] = await Promise.all([
      own.open({ redis: { url: redis.url } }),
      own.open({ redis: { url: redis.url } }),
    ])
    const rowsOfOne = rowCache(one, { leaseMs: 60_000 })
    await areTrusted(one, other)
    const resume = rowsOfOne.pauseLoads()
    const early = versionOf(rowsOfOne, 1)
    await eventually(() => expect(rowsOfOne.loads).toHaveLength(1))
    await redis.snapshot()
    // A release that Redis did not take would leave an intent, which ends the lease too.
    let releases = 0
    other.diagnostics.on('invalidation:release', () => {
      releases += 1
    })
    await raise(other, 1, [rowsOfOne.key(1)])
    await eventually(() => expect(releases).toBe(1))
    await redis.kill()
    await redis.restart({ keepData: true })
    await eventually(() => expect(one.invalidation.isOpen && one.redis.isAvailable).toBe(true), {
      timeoutMs: 60_000,
    })
    expect(await one.redis.client.get(one.redis.keyPrefix + rowsOfOne.key(1).text)).toMatch(/^l1 /)
    const looked = Promise.withResolvers<void>()
    const off = one.diagnostics.on('cache:miss', () => {
      setImmediate(looked.resolve)
    })
    const late = versionOf(rowsOfOne, 1)
    await looked.promise
    off()
    resume()
    expect(await early).toBe(1)
    expect(await late).toBe(2)
    await own.dispose()
    await redis.stop()
  })
})

describe('a release of many keys', () => {
  test('A release of many keys continues when Redis does not answer for some', async () => {
    const own = await versionedRows()
    const proxy = await faultProxy(own.own.redis.url)
    const stores = await own.open({ redis: { url: proxy.url, deadlineMs: 200 } })
    const many = rowCache(stores)
    const keys = Array.from({ length: 120 }, (_, index) => many.key(index + 1))
    const change = stores.invalidation.begin({ lifeMs: 60_000 })
    change.invalidate(keys)
    await change.hold(async () => undefined)
    const off = stores.diagnostics.on('store:operation', ({ operation, outcome }) => {
      if (operation === 'release' && outcome !== 'ok') proxy.restore()
    })
    proxy.hang()
    await change.release()
    off()
    const held = async () =>
      (
        await stores.redis.client.mGet(keys.map(({ text }) => stores.redis.keyPrefix + text))
      ).filter((state) => state !== null)
    await eventually(async () => expect(await held()).toEqual([]), { timeoutMs: 60_000 })
    await own.dispose()
    await proxy.close()
  })
})
