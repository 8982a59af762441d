import { cacheKey, orThrow, type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
let stores: Stores
let id = 0
let names = 0

const keyOf = (cache: RowCache, of = id) => stores.redis.keyPrefix + cache.key(of).text
const isStored = (cache: RowCache) =>
  eventually(async () => {
    await versionOf(cache, id)
    expect(await stores.redis.client.get(keyOf(cache))).toMatch(/^v1 /)
  })
const hits = (cache: RowCache) =>
  eventually(async () => {
    const before = cache.loads.length
    await versionOf(cache, id)
    expect(cache.loads).toHaveLength(before)
  })
const named = (options: Parameters<typeof rowCache>[1] = {}) =>
  rowCache(stores, { name: `c${(names += 1)}`, ...options })

describe.each(redisKinds)('Tags on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
    stores = await rows.open()
    await areTrusted(stores)
  })
  afterAll(() => rows.dispose())
  beforeEach(() => {
    id += 1
  })

  test('A tag may be the key of another entry: both hit, and both end with it', async () => {
    const course = named()
    const list = named({ tags: (of) => [course.key(of)] })
    for (const order of [
      [course, list],
      [list, course],
    ])
      // prettier-ignore
      for (const cache of order) await versionOf(cache, id)
    await hits(course)
    await hits(list)
    await hits(course)
    const version = await raise(stores, id, [course.key(id)])
    expect(await versionOf(list, id)).toBe(version)
    expect(await versionOf(course, id)).toBe(version)
  })

  test('An entry whose tag is its own key hits', async () => {
    const cache: RowCache = named({ tags: (of) => [cache.key(of)] })
    await versionOf(cache, id)
    await isStored(cache)
    await hits(cache)
    expect(await versionOf(cache, id)).toBe(await raise(stores, id, []).then(() => 1))
    orThrow(await cache.refresh(id))
    expect(await versionOf(cache, id)).toBe(2)
  })

  test('A tag lives longer than every entry under it, the grace of a longer one included', async () => {
    const tag = cacheKey('tag', id)
    const short = named({ tags: () => [tag], ttlMs: 5_000 })
    const long = named({ tags: () => [tag], ttlMs: 50_000, graceMs: 40_000 })
    const lives = async (cache: RowCache) =>
      Promise.all([
        stores.redis.client.pTTL(stores.redis.keyPrefix + tag.text),
        stores.redis.client.pTTL(keyOf(cache)),
      ])
    for (const cache of [short, long, short]) {
      await versionOf(cache, id)
      await isStored(cache)
      const [ofTag, ofEntry] = await lives(cache)
      expect(ofTag).toBeGreaterThan(ofEntry)
    }
    const [ofTag, ofEntry] = await lives(long)
    expect(ofTag).toBeGreaterThan(ofEntry)
  })
})
