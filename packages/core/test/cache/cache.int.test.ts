import { type CacheOptions, cacheKey, defineCache, ok, orThrow, type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  areTrusted,
  redisKinds,
  rowCache,
  type VersionedRow,
  versionedRows,
  type VersionedRows,
  versionOf,
} from './versioned-rows.ts'

let rows: VersionedRows
let stores: Stores
let names = 0

const ownName = () => `c${(names += 1)}`
const raw = (key: { text: string }) => stores.redis.client.get(stores.redis.keyPrefix + key.text)
const ttl = (key: { text: string }) => stores.redis.client.pTTL(stores.redis.keyPrefix + key.text)
const isStored = (key: { text: string }) =>
  eventually(async () => expect(await raw(key)).toMatch(/^v1 /))

/** A cache of whatever `values` says, by id. */
function valueCache<Value>(
  values: Map<unknown, Value>,
  options: Partial<CacheOptions<unknown, Value>> = {},
) {
  const loads: unknown[][] = []
  const cache = defineCache<unknown, Value>(stores, {
    name: ownName(),
    ttlMs: 60_000,
    load: async (ids) => {
      loads.push([...ids])
      return new Map(
        ids.flatMap((id) => (values.has(id) ? [[id, values.get(id) as Value] as const] : [])),
      )
    },
    ...options,
  })
  return Object.assign(cache, { loads })
}

/**
 * Burns so many milliseconds in every turn of the event loop until the returned function is called.
 */
function keepBusy(ms: number): () => void {
  let isBusy = true
  const burn = () => {
    const until = performance.now() + ms
    while (performance.now() < until);
    if (isBusy) setImmediate(burn)
  }
  burn()
  return () => {
    isBusy = false
  }
}

describe.each(redisKinds)('on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
    stores = await rows.open()
    await areTrusted(stores)
  })
  afterAll(() => rows.dispose())

  describe('get', () => {
    test('The first read loads and later reads hit', async () => {
      const cache = rowCache(stores, { name: ownName() })
      expect(await versionOf(cache, 1)).toBe(1)
      await isStored(cache.key(1))
      expect(await versionOf(cache, 1)).toBe(1)
      expect(cache.loads).toEqual([[1]])
    })

    test('An absent row is remembered as absent for absentTtlMs', async () => {
      const cache = rowCache(stores, { name: ownName(), absentTtlMs: 5_000 })
      expect(orThrow(await cache.get(9_999))).toBeUndefined()
      await isStored(cache.key(9_999))
      expect(orThrow(await cache.get(9_999))).toBeUndefined()
      expect(cache.loads).toHaveLength(1)
      await eventually(async () => expect(await raw(cache.key(9_999))).toBeNull())
      orThrow(await cache.get(9_999))
      expect(cache.loads).toHaveLength(2)
    })

    test.each([
      { name: 'null', value: null },
      { name: 'text', value: 'zwölf\n\0"\u2028' },
      { name: 'empty text', value: '' },
      { name: 'numbers', value: [0, -1.5, 1e300] },
      { name: 'nested', value: { a: [{ b: null }, []], c: {}, d: false } },
    ])('Cached and uncached reads of $name are deeply equal', async ({ value }) => {
      const cache = valueCache(new Map([[1, value as unknown]]))
      const uncached = orThrow(await cache.get(1))
      await isStored(cache.key(1))
      expect(orThrow(await cache.get(1))).toStrictEqual(uncached)
      expect(uncached).toStrictEqual(value)
      expect(cache.loads).toHaveLength(1)
    })

    test('Every reader gets a value of its own, however often an entry is read', async () => {
      const cache = valueCache<{ tags: string[] }>(new Map([[1, { tags: ['algebra'] }]]))
      orThrow(await cache.get(1))
      await isStored(cache.key(1))
      for (let turn = 0; turn < 5; turn += 1) {
        const read = orThrow(await cache.get(1))
        const same = orThrow(await cache.getMany([1])).get(1)
        for (const value of [read, same]) {
          expect(value).toStrictEqual({ tags: ['algebra'] })
          value?.tags.push('spoilt')
        }
      }
      expect(cache.loads).toHaveLength(1)
    })

    test('A codec keeps values that JSON does not', async () => {
      const value = { at: new Date(5), big: 12n ** 30n }
      const codec = {
        encode: (one: typeof value) => ({ at: one.at.toISOString(), big: String(one.big) }),
        decode: (json: unknown) => {
          const { at, big } = json as { at: string; big: string }
          return { at: new Date(at), big: BigInt(big) }
        },
      }
      const cache = valueCache(new Map([[1, value]]), { codec })
      orThrow(await cache.get(1))
      await isStored(cache.key(1))
      expect(orThrow(await cache.get(1))).toStrictEqual(value)
    })

    test.each<[string, unknown]>([
      ['value.at is a Date', { at: new Date() }],
      ['value.a is undefined', { a: undefined }],
      ['value is a bigint', 1n],
      ['value.x[1] is NaN', { x: [1, Number.NaN] }],
      ['value.z is -0', { z: -0 }],
      ['value is a Map', new Map()],
      ['value is Infinity', Infinity],
      ['value is a function', () => 1],
    ])('A value that JSON would change is refused without a codec: %s', async (message, value) => {
      const cache = valueCache(new Map([[1, value]]))
      expect((await cache.get(1))._unsafeUnwrapErr()).toMatchObject({
        type: 'load-failed',
        message: expect.stringContaining(message) as string,
      })
      await eventually(async () => expect(await raw(cache.key(1))).toBeNull())
    })

    test.each(['a b', '{tag}', 'line\nbreak', 'a:b', '%', '', 'ü', '\ud800', '*?[x]'])(
      'An entry with the id %j is stored and found',
      async (id) => {
        const cache = valueCache(
          new Map<unknown, unknown>([
            [id, { id }],
            ['a', 1],
          ]),
        )
        orThrow(await cache.get(id))
        await isStored(cache.key(id))
        expect(orThrow(await cache.get(id))).toEqual({ id })
        expect(cache.loads).toHaveLength(1)
      },
    )

    test('Foreign text under a key is a miss, is reported and overwritten', async () => {
      const cache = rowCache(stores, { name: ownName() })
      const rejected: string[] = []
      const off = stores.diagnostics.on('cache:entry-rejected', ({ reason }) =>
        rejected.push(reason),
      )
      const key = stores.redis.keyPrefix + cache.key(1).text
      for (const foreign of ['{"id":1}', 'v1 short', `v1 ${'x'.repeat(200)}`, 'v0 old', '']) {
        await stores.redis.client.set(key, foreign)
        expect(await versionOf(cache, 1)).toBe(1)
        await isStored(cache.key(1))
      }
      await stores.redis.client.del(key)
      await stores.redis.client.lPush(key, 'a list')
      expect(await versionOf(cache, 1)).toBe(1)
      await isStored(cache.key(1))
      off()
      expect(rejected).toHaveLength(5)
    })

    test('An entry that its codec cannot read is a miss', async () => {
      const values = new Map<unknown, VersionedRow>([[1, { id: 1, version: 1 }]])
      const cache = valueCache(values, {
        codec: {
          encode: (row) => row,
          decode: (json) => {
            if ((json as VersionedRow).version === 0) throw new Error('old')
            return json as VersionedRow
          },
        },
      })
      orThrow(await cache.get(1))
      await isStored(cache.key(1))
      const entry = (await raw(cache.key(1))) ?? ''
      await stores.redis.client.set(
        stores.redis.keyPrefix + cache.key(1).text,
        entry.replace('"version":1', '"version":0'),
      )
      expect(orThrow(await cache.get(1))?.version).toBe(1)
      expect(cache.loads).toHaveLength(2)
      await eventually(async () => expect(await raw(cache.key(1))).toContain('"version":1'))
    })

    test('A value that is too long is returned without being stored', async () => {
      const cache = valueCache(new Map([[1, 'x'.repeat(200)]]), { maxEntryLength: 100 })
      expect(orThrow(await cache.get(1))).toHaveLength(200)
      expect(orThrow(await cache.get(1))).toHaveLength(200)
      expect(cache.loads).toHaveLength(2)
    })

    test.each([
      [20_000, 20_000],
      [0, -2],
      [Number.NaN, -2],
      [-1, -2],
      [Infinity, -2],
    ])('An entry has the time to live of %d that entryTtlMs asks for', async (asked, expected) => {
      const cache = valueCache(new Map([[1, 'x']]), { entryTtlMs: () => asked })
      expect(orThrow(await cache.get(1))).toBe('x')
      if (expected > 0) await isStored(cache.key(1))
      await eventually(async () => {
        const left = Number(await ttl(cache.key(1)))
        if (expected < 0) expect(left).toBe(expected)
        else expect(left > 0 && left <= expected).toBe(true)
      })
    })

    test('A loader that throws, returns no Map or returns foreign ids is load-failed', async () => {
      const loaders: CacheOptions<unknown, unknown>['load'][] = [
        () => Promise.reject(new Error('loader')),
        () => {
          throw new Error('at once')
        },
        async () => ({}) as never,
        async () => new Map([['1', 'a string for a number']]),
      ]
      for (const load of loaders) {
        expect((await valueCache(new Map(), { load }).get(1))._unsafeUnwrapErr()).toMatchObject({
          type: 'load-failed',
          cache: expect.any(String) as string,
        })
      }
    })

    test("A read returns the typed failure of the loader's statement", async () => {
      const cache = valueCache(new Map(), {
        load: async (_, sql) => {
          await sql.query('SELECT 1 / 0')
          return new Map()
        },
      })
      expect((await cache.get(1))._unsafeUnwrapErr()).toMatchObject({
        type: 'store-refused',
        code: '22012',
      })
    })

    test('A read does not fail because of the bad id of a concurrent caller', async () => {
      const cache = valueCache(new Map(), {
        load: async (ids, sql) =>
          new Map(
            (
              await sql.query<{ id: number }>(
                'SELECT id FROM @schema.rows WHERE id = ANY($1::int[])',
                [ids],
              )
            ).rows.map((row) => [row.id, row]),
          ),
      })
      const [good, bad] = await Promise.all([cache.get(1), cache.get('x')])
      expect(good._unsafeUnwrap()).toEqual({ id: 1 })
      expect(bad.isErr()).toBe(true)
    })
  })

  describe('getMany', () => {
    test('getMany keeps the order of the ids, each once, and leaves absent rows out', async () => {
      const cache = rowCache(stores, { name: ownName() })
      orThrow(await cache.get(2))
      await isStored(cache.key(2))
      const found = orThrow(await cache.getMany([7, 2, 9_999, 7, 3]))
      expect([...found.keys()]).toEqual([7, 2, 3])
      expect(cache.loads).toEqual([[2], [7, 9_999, 3]])
      await Promise.all([7, 9_999, 3].map((id) => isStored(cache.key(id))))
      expect([...orThrow(await cache.getMany([3, 9_999, 2, 7])).keys()]).toEqual([3, 2, 7])
      expect(cache.loads).toHaveLength(2)
    })

    test('getMany of no ids returns nothing and asks no store', async () => {
      const cache = rowCache(stores, { name: ownName() })
      expect(orThrow(await cache.getMany([])).size).toBe(0)
      expect(cache.loads).toEqual([])
    })

    test('getMany reads more keys than fit into one MGET', async () => {
      const values = new Map(Array.from({ length: 2_500 }, (_, id) => [id, id]))
      const many = valueCache(values, { leaseMs: 60_000, waitMs: 60_000 })
      let fills = 0
      const off = stores.diagnostics.on('cache:fill', ({ cache, count }) => {
        if (cache === many.name) fills += count
      })
      const ids = Array.from({ length: 2_500 }, (_, id) => id)
      expect(orThrow(await many.getMany(ids)).size).toBe(2_500)
      await eventually(() => expect(fills).toBe(2_500))
      off()
      expect([...orThrow(await many.getMany(ids)).values()]).toEqual(ids)
      expect(many.loads).toHaveLength(1)
    })

    test('Many long values are stored by a busy process without opening the breaker', async () => {
      const ids = Array.from({ length: 200 }, (_, id) => id)
      const loaded = new Map(ids.map((id) => [id, 'x'.repeat(20_000)]))
      const busy = await rows.open({ redis: { deadlineMs: 300 } })
      const late: string[] = []
      busy.diagnostics.on('store:operation', ({ store, operation, outcome }) => {
        if (store === 'redis' && outcome !== 'ok') late.push(operation)
      })
      let fills = 0
      busy.diagnostics.on('cache:fill', ({ count }) => {
        fills += count
      })
      const fill = async () => {
        await areTrusted(busy)
        late.length = 0
        fills = 0
        const cache = defineCache<number, string>(busy, {
          name: ownName(),
          ttlMs: 60_000,
          load: async () => loaded,
        })
        const idle = keepBusy(5)
        try {
          orThrow(await cache.getMany(ids))
          await eventually(() => expect(fills === 200 || late.length > 0).toBe(true), {
            timeoutMs: 60_000,
          })
        } finally {
          idle()
        }
        expect(late).toEqual([])
      }
      await eventually(fill, { timeoutMs: 240_000 })
    })
  })

  describe('the end of an entry', () => {
    test('An entry near its end is reloaded in the background', async () => {
      const cache = rowCache(stores, { name: ownName(), ttlMs: 20_000, refreshAt: 0.2 })
      orThrow(await cache.get(20))
      await isStored(cache.key(20))
      orThrow(await stores.postgres.query('UPDATE @schema.rows SET version = 2 WHERE id = 20'))
      await eventually(async () => {
        orThrow(await cache.get(20))
        expect(cache.loads).toHaveLength(2)
      })
      await eventually(async () => expect(await versionOf(cache, 20)).toBe(2))
      expect(cache.loads).toHaveLength(2)
    })

    test('refresh loads and stores', async () => {
      const cache = rowCache(stores, { name: ownName() })
      orThrow(await cache.get(21))
      await isStored(cache.key(21))
      orThrow(await stores.postgres.query('UPDATE @schema.rows SET version = 2 WHERE id = 21'))
      expect(await versionOf(cache, 21)).toBe(1)
      expect(orThrow(await cache.refresh(21))?.version).toBe(2)
      expect(await versionOf(cache, 21)).toBe(2)
      expect(cache.loads).toHaveLength(2)
    })

    test('A refresh does not bring back a value that a writer has invalidated', async () => {
      const cache = rowCache(stores, { name: ownName() })
      orThrow(await cache.get(22))
      await isStored(cache.key(22))
      const resume = cache.pauseLoads()
      const refreshed = cache.refresh(22)
      await eventually(() => expect(cache.loads).toHaveLength(2))
      const change = stores.invalidation.begin()
      change.invalidate([cache.key(22)])
      await change.hold(async () => undefined)
      orThrow(await stores.postgres.query('UPDATE @schema.rows SET version = 2 WHERE id = 22'))
      await change.release()
      resume()
      expect(orThrow(await refreshed)?.version).toBe(1)
      expect(await versionOf(cache, 22)).toBe(2)
    })
  })

  describe('defineCache', () => {
    const load = async () => ok(1) as never
    test.each([
      { ttlMs: 0 },
      { ttlMs: -1 },
      { ttlMs: Infinity },
      { ttlMs: Number.NaN },
      { ttlMs: '5' as never },
      { graceMs: -1 },
      { absentTtlMs: 0 },
      { leaseMs: 0 },
      { waitMs: -5 },
      { maxEntryLength: 0 },
      { refreshAt: 0 },
      { refreshAt: 2 },
      { name: '' },
      { keyName: 'a:b' },
      { name: 'a b' },
      { load: undefined as never },
    ])('defineCache refuses %o and names the rule and the value', (wrong) => {
      expect(() => defineCache(stores, { name: 'x', ttlMs: 1_000, load, ...wrong })).toThrow(
        /^defineCache: \w+: .*: got /,
      )
    })

    test('A key can have several parts', () => {
      const cache = defineCache<{ user: number }, unknown>(stores, {
        name: 'user',
        ttlMs: 1,
        load,
        key: ({ user }) => [user, 'enrollments'],
      })
      expect(cache.key({ user: 5 })).toEqual(cacheKey('user', 5, 'enrollments'))
    })
  })
})
