import { type Cache, defineCache, orThrow, type Stores } from '@headwater/core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { areTrusted, versionedRows, type VersionedRows } from './versioned-rows.ts'

interface Category {
  readonly id: number
  readonly path: readonly number[]
}

let rows: VersionedRows
let stores: Stores
let names = 0
let loads: number[][] = []

beforeAll(async () => {
  rows = await versionedRows()
  stores = await rows.open()
  await areTrusted(stores)
})
afterAll(() => rows.dispose())
beforeEach(() => {
  loads = []
})

/** A tree of categories: the path of a category is the path of its parent and itself. */
function categories(
  parents: ReadonlyMap<number, number>,
  readParent?: Cache<number, Category>['get'],
): Cache<number, Category> {
  const cache: Cache<number, Category> = defineCache<number, Category>(stores, {
    name: `c${(names += 1)}`,
    ttlMs: 60_000,
    load: async (ids, sql) => {
      loads.push([...ids])
      await sql.query('SELECT 1')
      const found = await Promise.all(
        ids.map(async (id) => {
          const parent = parents.get(id)
          const above =
            parent === undefined
              ? undefined
              : orThrow(await (readParent ?? cache.get.bind(cache))(parent))
          return [id, { id, path: [...(above?.path ?? []), id] }] as const
        }),
      )
      return new Map(found)
    },
  })
  return cache
}

const pathOf = async (read: ReturnType<Cache<number, Category>['get']>) => orThrow(await read)?.path

test('A loader may read its own cache, for a row of the same batch too', async () => {
  const cache = categories(new Map([[2, 1], [3, 2]])) // prettier-ignore
  const all = await cache.getMany([3, 2, 1])
  expect([...orThrow(all).values()].map(({ path }) => path)).toEqual([[1, 2, 3], [1, 2], [1]])
  expect(await pathOf(cache.get(1))).toEqual([1])
})

test('Loaders whose batches wait for rows of each other end', async () => {
  const cache = categories(new Map([[5, 3], [3, 1], [2, 1], [6, 2]])) // prettier-ignore
  const first = cache.getMany([1, 5])
  const second = cache.getMany([3, 2, 6])
  const found = await Promise.all([first, second])
  expect(orThrow(found[0]).get(5)?.path).toEqual([1, 3, 5])
  expect(orThrow(found[1]).get(6)?.path).toEqual([1, 2, 6])
})

test('Loaders of two caches may read each other', async () => {
  const odds = new Map([[3, 2], [1, 0]]) // prettier-ignore
  const evens = new Map([[2, 1], [4, 3]]) // prettier-ignore
  const odd: Cache<number, Category> = categories(odds, (id) => even.get(id))
  const even: Cache<number, Category> = categories(evens, (id) => odd.get(id))
  const [four, three] = await Promise.all([even.get(4), odd.get(3)])
  expect(orThrow(four)?.path).toEqual([0, 1, 2, 3, 4])
  expect(orThrow(three)?.path).toEqual([0, 1, 2, 3])
})

test('A loader that reads one parent for many rows loads the parent once', async () => {
  const children = Array.from({ length: 50 }, (_, index) => index + 10)
  const cache = categories(new Map(children.map((id) => [id, 1])))
  expect(orThrow(await cache.getMany(children)).size).toBe(50)
  expect(loads).toEqual([children, [1]])
})

test('A row that waits for itself fails with a sentence, and leaves the cache usable', async () => {
  const cache = categories(new Map([[1, 2], [2, 1]])) // prettier-ignore
  const read = await cache.get(1)
  expect(read._unsafeUnwrapErr()).toMatchObject({ type: 'load-failed' })
  expect(await pathOf(cache.get(7))).toEqual([7])
})
