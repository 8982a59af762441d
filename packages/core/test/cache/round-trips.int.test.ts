import { type Cache, cacheKey, defineCache, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy, leastRoundTrips } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  areTrusted,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
} from './versioned-rows.ts'

let rows: VersionedRows
let proxies: { postgres: FaultProxy; redis: FaultProxy }
let stores: Stores
let names = 0

const ids = Array.from({ length: 100 }, (_, index) => index + 1)
/** As many leases and fills as travel in one flush. */
const fifty = ids.slice(0, 50)
const isStored = (cache: RowCache, id: number) =>
  eventually(async () =>
    expect(await stores.redis.client.get(stores.redis.keyPrefix + cache.key(id).text)).toMatch(
      /^v1 /,
    ),
  )

beforeAll(async () => {
  rows = await versionedRows()
  proxies = {
    postgres: await faultProxy(rows.own.postgres.url),
    redis: await faultProxy(rows.own.redis.url),
  }
  // The look at the intents goes to PostgreSQL by itself, and is not what is counted.
  stores = await rows.open({
    postgres: { url: proxies.postgres.url, maxConnections: 1, connectTimeoutMs: 20_000 },
    redis: { url: proxies.redis.url },
    invalidation: { lookEveryMs: 3_600_000 },
  })
  await areTrusted(stores)
})
afterAll(async () => {
  await rows.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

/** A cache that has everything. */
async function filled(options: Parameters<typeof rowCache>[1] = {}): Promise<RowCache> {
  const cache = rowCache(stores, { name: `c${(names += 1)}`, ...options })
  orThrow(await cache.getMany(ids))
  await Promise.all(ids.map((id) => isStored(cache, id)))
  return cache
}

/** A cache of long entries that has them. */
async function filledWithLong(length: number): Promise<Cache<number, string>> {
  let fills = 0
  const off = stores.diagnostics.on('cache:fill', ({ count }) => (fills += count))
  const cache = defineCache<number, string>(stores, {
    name: `long${(names += 1)}`,
    ttlMs: 60_000,
    load: async (missing) => new Map(missing.map((id) => [id, 'x'.repeat(length)])),
  })
  orThrow(await cache.getMany(ids))
  await eventually(() => expect(fills).toBe(ids.length))
  off()
  return cache
}

/** The operations of Redis that a read takes. */
async function operationsOf(read: () => Promise<unknown>): Promise<string[]> {
  const operations: string[] = []
  const off = stores.diagnostics.on('store:operation', ({ operation }) =>
    operations.push(operation),
  )
  await read()
  off()
  return operations
}

const all = (cache: RowCache) => Promise.all(ids.map(async (id) => orThrow(await cache.get(id))))

describe('round trips of a cache', () => {
  test('A hit takes 1 round trip of Redis', async () => {
    const cache = await filled()
    expect(
      await leastRoundTrips(proxies, async () => async () => orThrow(await cache.get(1))),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('A hundred concurrent hits take 1 round trip of Redis and one command', async () => {
    const cache = await filled()
    expect(await leastRoundTrips(proxies, async () => () => all(cache))).toEqual({
      postgres: 0,
      redis: 1,
    })
    expect(await operationsOf(() => all(cache))).toEqual(['get'])
  })

  test('Hits of several caches in one turn take one command, and each gets its own', async () => {
    const [one, other] = [await filled(), await filled({ tags: () => [cacheKey('all')] })]
    const read = () => Promise.all([one.getMany([1]), other.getMany([2, 3]), one.getMany([4])])
    expect(await operationsOf(read)).toEqual(['get'])
    const found = (await read()).map((rows) => [...orThrow(rows).values()].map(({ id }) => id))
    expect(found).toEqual([[1], [2, 3], [4]])
  })

  test('Reads of no keys in one turn send nothing, with others or without', async () => {
    const [one, other] = [await filled(), await filled()]
    const none = () => Promise.all([one.getMany([]), other.getMany([])])
    expect(await operationsOf(none)).toEqual([])
    const some = () => Promise.all([one.getMany([]), other.getMany([1])])
    expect(await operationsOf(some)).toEqual(['get'])
  })

  test('A cache whose keys Redis refuses takes no hit from those that are read in its turn', async () => {
    const user = [
      'SETUSER',
      'some',
      'on',
      '>pass',
      '+@all',
      '&*',
      `~${stores.redis.keyPrefix}[^x]*`,
    ]
    orThrow(await stores.redis.run('acl', (client) => client.sendCommand(['ACL', ...user])))
    const url = new URL(rows.own.redis.url)
    Object.assign(url, { username: 'some', password: 'pass' })
    const limited = await rows.open({ redis: { url: url.href } })
    await areTrusted(limited)
    const [open, refused] = [rowCache(limited, { name: 'open' }), rowCache(limited, { name: 'x' })]
    orThrow(await open.getMany([1]))
    await isStored(open, 1)
    orThrow(await refused.getMany([2]))
    const before = open.loads.length
    const read = await Promise.all([open.getMany([1]), refused.getMany([2])])
    expect(read.map((found) => orThrow(found).size)).toEqual([1, 1])
    expect(open.loads).toHaveLength(before)
  })

  test('A read that is long takes a command of its own, beside those of other caches', async () => {
    const [short, long] = [await filled(), await filledWithLong(7_000)]
    const withLong = (count: number) => () =>
      Promise.all([short.getMany([1, 2]), long.getMany(ids.slice(0, count))])
    await withLong(2)()
    expect(await operationsOf(withLong(2))).toEqual(['get'])
    expect(await operationsOf(withLong(12))).toEqual(['get', 'get'])
  })

  test('A hundred hits of getMany take 1 round trip of Redis', async () => {
    const cache = await filled()
    expect(
      await leastRoundTrips(proxies, async () => async () => orThrow(await cache.getMany(ids))),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('A hundred concurrent hits with three tags each take 1 round trip of Redis', async () => {
    const cache = await filled({
      tags: (id) => [
        cacheKey('all'),
        cacheKey('tens', Math.floor(id / 10)),
        cacheKey('parity', id % 2),
      ],
    })
    expect(await leastRoundTrips(proxies, async () => () => all(cache))).toEqual({
      postgres: 0,
      redis: 1,
    })
  })

  test.each([
    ['a miss', (cache: RowCache) => cache.get(1)],
    ['fifty concurrent misses', (cache: RowCache) => Promise.all(fifty.map((id) => cache.get(id)))],
    ['fifty misses of getMany', (cache: RowCache) => cache.getMany(fifty)],
  ])(
    'Look, lease, load and fill of %s take 3 round trips of Redis and 1 of PostgreSQL',
    async (_, read) => {
      const made: RowCache[] = []
      expect(
        await leastRoundTrips(proxies, async () => {
          const cache = rowCache(stores, { name: `c${(names += 1)}` })
          made.push(cache)
          return () => Promise.resolve(read(cache))
        }),
      ).toEqual({ postgres: 1, redis: 3 })
      for (const { loads } of made) expect(loads).toHaveLength(1)
    },
  )
})
