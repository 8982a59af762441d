import { type CacheOptions, cacheKey, defineCache, orThrow, type Stores } from '@headwater/core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { versionedRows, type VersionedRows } from './versioned-rows.ts'

let rows: VersionedRows
let stores: Stores
let names = 0
let loads = 0

beforeAll(async () => {
  rows = await versionedRows()
  stores = await rows.open()
})
afterAll(() => rows.dispose())
beforeEach(() => {
  loads = 0
})

function cacheOf<Id, Value>(options: Omit<CacheOptions<Id, Value>, 'name' | 'ttlMs'>) {
  return defineCache<Id, Value>(stores, { name: `c${(names += 1)}`, ttlMs: 60_000, ...options })
}
const rowIds = () =>
  cacheOf<number, number>({
    load: async (ids, sql) => {
      loads += 1
      const { rows: found } = await sql.query<{ id: number }>(
        'SELECT id FROM @schema.rows WHERE id = ANY($1::int[])',
        [ids],
      )
      return new Map(found.map(({ id }) => [id, id]))
    },
  })
const thousand = Array.from({ length: 1_000 }, (_, index) => index + 1)
const tooLargeForInt4 = 3_000_000_000

test('One id that the database refuses costs a batch of a thousand some twenty loads', async () => {
  const cache = rowIds()
  const [others, bad] = await Promise.all([cache.getMany(thousand), cache.get(tooLargeForInt4)])
  expect(orThrow(others).size).toBe(200)
  expect(bad._unsafeUnwrapErr()).toMatchObject({ code: '22003' })
  expect(loads).toBeGreaterThan(1)
  expect(loads).toBeLessThanOrEqual(21)
})

test('A loader that fails for every id is called a few times, not once per id', async () => {
  const cache = cacheOf<number, number>({
    load: async () => {
      loads += 1
      throw new TypeError('a mistake')
    },
  })
  expect((await cache.getMany(thousand)).isErr()).toBe(true)
  expect(loads).toBeLessThanOrEqual(30)
})

const objects: readonly unknown[] = [{ user: 1 }, new Date(5), [1], null, undefined, () => 1]

test.each(objects.map((id) => ({ id })))(
  'An id that is $id, without `key`, is refused: other ids would share its entry',
  async ({ id }) => {
    const cache = cacheOf<unknown, string>({
      load: async (ids) => new Map(ids.map((one) => [one, 'x'])),
    })
    for (const read of [cache.get(id), cache.refresh(id), cache.getMany([1, id])])
      expect((await read)._unsafeUnwrapErr()).toMatchObject({
        type: 'load-failed',
        retryable: false,
        message: expect.stringContaining('needs the option `key`') as string,
      })
    expect(() => cache.key(id)).toThrow(TypeError)
  },
)

test('A key made of an object, or of no parts, is refused', async () => {
  const parts: unknown[][] = [[{ user: 1 }], [null], []]
  for (const key of parts) {
    const cache = cacheOf<number, string>({
      key: () => key as string[],
      load: async () => new Map(),
    })
    expect((await cache.get(1))._unsafeUnwrapErr()).toMatchObject({ type: 'load-failed' })
  }
  expect(() => cacheKey('user', { id: 5 } as never)).toThrow(TypeError)
})

const longId = 'x'.repeat(600)

test('An id that is too long for a key fails the read and throws nothing', async () => {
  const cache = cacheOf<string, string>({ load: async () => new Map() })
  const reads = [
    () => cache.get(longId),
    () => cache.get('你'.repeat(60)),
    () => cache.get(longId, { tx: stores.postgres.client }),
    () => cache.getMany(['short', longId]),
    () => cache.refresh(longId),
  ]
  for (const read of reads)
    expect((await read())._unsafeUnwrapErr()).toMatchObject({
      type: 'load-failed',
      message: expect.stringContaining('at most 512 characters') as string,
    })
})

test("A mistake in the host's `key` or `tags` fails the read and throws nothing", async () => {
  const fail = () => {
    throw new Error('a mistake')
  }
  for (const options of [{ key: fail }, { tags: fail }]) {
    const cache = cacheOf<number, string>({ ...options, load: async () => new Map() })
    expect((await cache.get(1))._unsafeUnwrapErr()).toMatchObject({ type: 'load-failed' })
    expect((await cache.getMany([1]))._unsafeUnwrapErr()).toMatchObject({ type: 'load-failed' })
  }
})
