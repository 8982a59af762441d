import { createSessions, defineCache, orThrow, type Stores } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { versionedRows, type VersionedRows } from './versioned-rows.ts'

// One caller's big request over a narrow link, in a process that serves others.

const entryLength = 4_000
const deadlineMs = 2_000
/** May take 4 s longer than a short value. */
const longest = 4_000_000
/** Bytes a second of a link over which it takes a second longer than a short value may. */
const narrow = longest / 3
let rows: VersionedRows
let proxy: FaultProxy
let stores: Stores
/** A process that stores what the other reads, over a link of its own. */
let filler: Stores
let names = 0

beforeAll(async () => {
  rows = await versionedRows()
  proxy = await faultProxy(rows.own.redis.url)
  stores = await rows.open({ redis: { url: proxy.url, deadlineMs } })
  filler = await rows.open({ redis: { deadlineMs: 20_000 } })
})
afterAll(async () => {
  await rows.dispose()
  await proxy.close()
})
beforeEach(async () => {
  proxy.restore()
  await eventually(() => expect(stores.invalidation.isOpen).toBe(true), { timeoutMs: 60_000 })
})

const idsTo = (count: number) => Array.from({ length: count }, (_, id) => id)
const longValues = (length = entryLength) => {
  const name = `long${(names += 1)}`
  const define = (process: Stores, loads: number[]) =>
    defineCache<number, string>(process, {
      name,
      ttlMs: 600_000,
      leaseMs: 120_000,
      maxEntryLength: 2 * longest,
      load: async (ids) => {
        loads.push(ids.length)
        return new Map(ids.map((id) => [id, 'x'.repeat(length)]))
      },
    })
  const [loads, filled] = [[] as number[], [] as number[]]
  const filling = define(filler, filled)
  const fill = (ids: readonly number[]) =>
    eventually(
      async () => {
        const before = filled.length
        orThrow(await filling.getMany(ids))
        expect(filled).toHaveLength(before)
      },
      { timeoutMs: 60_000 },
    )
  return { cache: define(stores, loads), loads, fill }
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
    const other = longValues(10)
    const ids = idsTo(300)
    await Promise.all([...caches.map(({ fill }) => fill(ids)), other.fill([1])])
    const sessions = createSessions(stores)
    const { token } = orThrow(await sessions.create({ userId: 1 }))
    proxy.throttle(1_500_000)
    const { heard, off } = failures()
    let isRead = false
    const reading = Promise.all(caches.map(({ cache }) => cache.getMany(ids))).finally(() => {
      isRead = true
    })
    let asked = 0
    do {
      expect(orThrow(await sessions.get(token))?.userId).toBe(1)
      orThrow(await other.cache.get(1))
      asked += 1
    } while (!isRead)
    for (const read of await reading) expect(orThrow(read).size).toBe(ids.length)
    off()
    expect(asked).toBeGreaterThan(10)
    expect(heard).toEqual([])
    expect([...caches, other].flatMap(({ loads }) => loads)).toEqual([])
  })

  test('A long value is waited for longer than a short one, once its length is known', async () => {
    const { cache, loads, fill } = longValues(longest)
    await fill([1])
    orThrow(await cache.get(1))
    proxy.throttle(narrow)
    const { heard, off } = failures()
    expect(orThrow(await cache.get(1))).toHaveLength(longest)
    off()
    // The process's own short commands are behind it on the link, and may be late.
    expect([heard.filter((failure) => failure.startsWith('get ')), loads]).toEqual([[], []])
  })

  test('A long value that came too late is waited for the next time', async () => {
    const { cache, loads, fill } = longValues(longest)
    await fill([1])
    proxy.throttle(narrow)
    const { heard, off } = failures()
    orThrow(await cache.get(1))
    expect(heard).toContain('get deadline-exceeded')
    off()
    await eventually(
      async () => {
        expect(stores.invalidation.isOpen).toBe(true)
        const before = loads.length
        expect(orThrow(await cache.get(1))).toHaveLength(longest)
        expect(loads).toHaveLength(before)
      },
      { timeoutMs: 60_000 },
    )
  })

  test('Storing long values is waited for too', async () => {
    const { cache, loads } = longValues(longest)
    const { heard, off } = failures()
    const areFilled = filled(2)
    proxy.throttle(narrow)
    orThrow(await cache.getMany([1, 2]))
    await areFilled()
    off()
    expect(heard.filter((failure) => failure.startsWith('fill'))).toEqual([])
    expect(loads).toEqual([2])
  })
})
