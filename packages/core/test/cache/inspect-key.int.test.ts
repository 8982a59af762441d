import {
  inspectKey,
  nearMembers,
  ok,
  orThrow,
  transaction,
  type KeyInspection,
  type Stores,
} from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  areTrusted,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
} from './versioned-rows.ts'

let rows: VersionedRows
let stores: Stores
let cache: RowCache
let id = 0

beforeAll(async () => {
  rows = await versionedRows()
  stores = await rows.open()
  await areTrusted(stores)
  cache = rowCache(stores, { tags: () => [{ text: 'tag' }] })
})
afterAll(() => rows.dispose())
beforeEach(() => {
  id += 1
})

async function look(of = cache.key(id).text): Promise<KeyInspection> {
  return orThrow(await inspectKey(stores, { text: of }))
}

test('Nothing, a lease, a value with its tag, a hold: a key says which it is', async () => {
  const key = cache.key(id).text
  expect(await look()).toEqual({ key, state: 'absent', holders: [] })
  const goOn = cache.pauseLoads()
  const reading = cache.get(id)
  await eventually(async () => expect(await look()).toMatchObject({ state: 'lease' }))
  goOn()
  orThrow(await reading)
  const row = { id, version: 1 }
  await eventually(async () =>
    expect(await look()).toMatchObject({
      state: 'value',
      leftMs: expect.any(Number) as number,
      entry: {
        isTrusted: true,
        isRow: true,
        tags: 1,
        length: JSON.stringify(row).length,
        json: row,
      },
    }),
  )
  expect(await look('tag')).toMatchObject({ state: 'tag' })
  const change = await transaction(stores, async (tx) => {
    await tx.query('UPDATE @schema.rows SET version = version + 1 WHERE id = $1', [id])
    tx.invalidate(cache.key(id))
    await eventually(async () => expect(await look()).toMatchObject({ state: 'hold' }))
    return ok(await look())
  })
  const { holders, entry } = orThrow(change)
  expect(entry).toBeUndefined()
  expect(holders).toMatchObject([{ owner: expect.any(String) as string }])
  expect(holders[0]?.until.getTime()).toBeGreaterThan(stores.clock.now())
  await eventually(async () => expect(await look()).toMatchObject({ state: 'absent' }))
})

test('A row that does not exist, and what others have written, say so', async () => {
  orThrow(await cache.get(999))
  await eventually(async () =>
    expect(await look(cache.key(999).text)).toMatchObject({
      state: 'value',
      entry: { isRow: false },
    }),
  )
  const { client, keyPrefix } = stores.redis
  await client.set(`${keyPrefix}theirs`, 'a text')
  expect(await look('theirs')).toEqual({ key: 'theirs', state: 'foreign', holders: [] })
  await client.hSet(`${keyPrefix}their-hash`, 'a', 'text')
  expect(await look('their-hash')).toEqual({ key: 'their-hash', state: 'foreign', holders: [] })
})

test('The members of a cache are the processes that keep its values near', async () => {
  const [one, other] = [await rows.open({ near: {} }), await rows.open({ near: {} })]
  await areTrusted(one, other)
  const caches = [one, other].map((process) => rowCache(process, { name: 'kept' }))
  await eventually(async () => {
    for (const kept of caches) orThrow(await kept.get(1))
    expect(orThrow(await nearMembers(stores))).toContainEqual({ cache: 'kept', members: 2 })
  })
})
