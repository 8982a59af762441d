import { cacheKey, orThrow, type Stores } from '@headwater/core'
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
    const operations: string[] = []
    const off = stores.diagnostics.on('store:operation', ({ operation }) =>
      operations.push(operation),
    )
    await all(cache)
    off()
    expect(operations).toEqual(['get'])
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
