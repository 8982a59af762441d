import { createSessions, defineCache, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { versionedRows, type VersionedRows } from './versioned-rows.ts'

// One caller's big request over a narrow link, in a process that serves others.

const entryLength = 4_000
/** Over a link of twice as many bytes a second it takes longer than the deadline. */
const longest = 400_000
let rows: VersionedRows
let proxy: FaultProxy
let stores: Stores
let names = 0

beforeAll(async () => {
  rows = await versionedRows()
  proxy = await faultProxy(rows.own.redis.url)
  stores = await rows.open({ redis: { url: proxy.url, deadlineMs: 300 } })
})
afterAll(async () => {
  await rows.dispose()
  await proxy.close()
})
beforeEach(async () => {
  proxy.restore()
  await eventually(() => expect(stores.invalidation.isOpen).toBe(true), { timeoutMs: 30_000 })
})

const idsTo = (count: number) => Array.from({ length: count }, (_, id) => id)
const longValues = (length = entryLength) => {
  const loads: number[] = []
  const cache = defineCache<number, string>(stores, {
    name: `long${(names += 1)}`,
    ttlMs: 600_000,
    load: async (ids) => {
      loads.push(ids.length)
      return new Map(ids.map((id) => [id, 'x'.repeat(length)]))
    },
  })
  return { cache, loads }
}
const failures = () => {
  const heard: string[] = []
  const off = stores.diagnostics.on('store:operation', ({ store, operation, outcome }) => {
    if (store === 'redis' && outcome !== 'ok') heard.push(`${operation} ${outcome}`)
  })
  return { heard, off }
}
const filled = (count: number) => {
  let fills = 0
  const off = stores.diagnostics.on('cache:fill', (event) => {
    fills += event.count
  })
  return async () => {
    await eventually(() => expect(fills).toBe(count), { timeoutMs: 60_000 })
    off()
  }
}

describe('a big batch over a narrow link', () => {
  test('Big batches of five caches at once refuse no session and no read of others', async () => {
    const caches = Array.from({ length: 5 }, () => longValues())
    const other = longValues(10).cache
    const ids = idsTo(300)
    const areFilled = filled(caches.length * ids.length + 1)
    for (const { cache } of caches) orThrow(await cache.getMany(ids))
    orThrow(await other.get(1))
    await areFilled()
    const sessions = createSessions(stores)
    const { token } = orThrow(await sessions.create({ userId: 1 }))
    proxy.throttle(3_000_000)
    const { heard, off } = failures()
    let isRead = false
    const reading = Promise.all(caches.map(({ cache }) => cache.getMany(ids))).finally(() => {
      isRead = true
    })
    let asked = 0
    do {
      expect(orThrow(await sessions.get(token))?.userId).toBe(1)
      orThrow(await other.get(1))
      asked += 1
    } while (!isRead)
    for (const read of await reading) expect(orThrow(read).size).toBe(ids.length)
    off()
    expect(asked).toBeGreaterThan(10)
    expect(heard).toEqual([])
    expect(caches.map(({ loads }) => loads)).toEqual(caches.map(() => [ids.length]))
  })

  test('A long value is waited for longer than a short one, once its length is known', async () => {
    const { cache, loads } = longValues(longest)
    const areFilled = filled(1)
    orThrow(await cache.get(1))
    await areFilled()
    orThrow(await cache.get(1))
    proxy.throttle(longest * 2.8)
    const { heard, off } = failures()
    expect(orThrow(await cache.get(1))).toHaveLength(longest)
    off()
    expect([heard, loads]).toEqual([[], [1]])
  })

  test('A long value that came too late is waited for the next time', async () => {
    const { cache, loads } = longValues(longest)
    const areFilled = filled(1)
    orThrow(await cache.get(1))
    await areFilled()
    proxy.throttle(longest * 2)
    const { heard, off } = failures()
    orThrow(await cache.get(1))
    expect(heard).toEqual(['get deadline-exceeded'])
    off()
    await eventually(
      async () => {
        expect(stores.invalidation.isOpen).toBe(true)
        const before = loads.length
        expect(orThrow(await cache.get(1))).toHaveLength(longest)
        expect(loads).toHaveLength(before)
      },
      { timeoutMs: 20_000 },
    )
  })

  test('Storing long values is waited for too', async () => {
    const { cache, loads } = longValues(longest)
    const { heard, off } = failures()
    const areFilled = filled(2)
    proxy.throttle(longest * 2)
    orThrow(await cache.getMany([1, 2]))
    await areFilled()
    off()
    expect(heard.filter((failure) => failure.startsWith('fill'))).toEqual([])
    expect(loads).toEqual([2])
  })
})
