import { type Cache, defineCache, orThrow, type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { areTrusted, versionedRows, type VersionedRows } from './versioned-rows.ts'

let rows: VersionedRows
let stores: Stores
let names = 0
let asked: number[] = []
let source: (id: number) => Promise<string> = async () => 'new'

beforeAll(async () => {
  rows = await versionedRows()
  stores = await rows.open()
  await areTrusted(stores)
})
afterAll(() => rows.dispose())
beforeEach(() => {
  asked = []
})

/** A cache over a source that is none of the stores, with expired entries of ids 1 and 2. */
async function expired(softTimeoutMs?: number): Promise<Cache<number, string>> {
  source = async () => 'old'
  const cache = defineCache<number, string>(stores, {
    name: `prices${(names += 1)}`,
    ttlMs: 200,
    graceMs: 60_000,
    refreshAt: 1,
    ...(softTimeoutMs === undefined ? {} : { softTimeoutMs }),
    load: async (ids) => {
      asked.push(...ids)
      return new Map(await Promise.all(ids.map(async (id) => [id, await source(id)] as const)))
    },
  })
  orThrow(await cache.getMany([1, 2]))
  for (const id of [1, 2])
    await eventually(async () => {
      const raw = await stores.redis.client.get(stores.redis.keyPrefix + cache.key(id).text)
      expect(raw).toMatch(/^v1 /)
    })
  await setTimeout(250)
  asked = []
  return cache
}

test('An entry within grace answers while a source that is none of the stores fails', async () => {
  const cache = await expired(60_000)
  source = async () => {
    throw new Error('503')
  }
  expect(orThrow(await cache.get(1))).toBe('old')
  expect(asked).toEqual([1])
})

test('A source that failed for one id is spared for that id, and asked for the others', async () => {
  // It is spared for a second, in which all of this has to happen.
  await eventually(
    async () => {
      const cache = await expired(60_000)
      source = async (id) => {
        if (id === 1) throw new Error('500')
        return 'new'
      }
      expect(orThrow(await cache.get(1))).toBe('old')
      const startedAt = performance.now()
      expect(orThrow(await cache.get(1))).toBe('old')
      expect(performance.now() - startedAt).toBeLessThan(900)
      expect(orThrow(await cache.get(2))).toBe('new')
      expect(asked).toEqual([1, 2])
    },
    { timeoutMs: 120_000 },
  )
})

test('A slow source is not waited for while an entry is within grace, and its value is stored', async () => {
  const cache = await expired(50)
  const { promise, resolve } = Promise.withResolvers<string>()
  source = () => promise
  expect(orThrow(await cache.get(1))).toBe('old')
  await eventually(() => expect(asked).toEqual([1]))
  // The next reader finds the entry claimed by the first one, and need not wait either.
  expect(orThrow(await cache.get(1))).toBe('old')
  expect(asked).toEqual([1])
  resolve('new')
  await eventually(async () => expect(orThrow(await cache.get(1))).toBe('new'))
})

/** A read that waits for its source, of a key that is held well before the soft timeout. */
async function heldRead(softTimeoutMs: number) {
  for (let tries = 1; ; tries += 1) {
    const cache = await expired(softTimeoutMs)
    const { promise, resolve } = Promise.withResolvers<string>()
    source = () => promise
    const change = stores.invalidation.begin()
    const startedAt = performance.now()
    const read = cache.get(1)
    await eventually(() => expect(asked).toEqual([1]))
    change.invalidate([cache.key(1)])
    await change.hold(async () => undefined)
    const isInTime = performance.now() - startedAt < softTimeoutMs - 1_000
    if (isInTime || tries === 20) return { read, change, resolve }
    resolve('late')
    orThrow(await read)
    await change.release()
  }
}

test('A slow source is waited for when a writer holds the key', async () => {
  const { read, change, resolve } = await heldRead(3_000)
  await setTimeout(3_100)
  resolve('new')
  expect(orThrow(await read)).toBe('new')
  await change.release()
})

test('A tracer is told of an expired value that answers', async () => {
  const cache = await expired(60_000)
  source = async () => {
    throw new Error('away')
  }
  const results: unknown[] = []
  const stop = stores.diagnostics.tracing.use({
    trace: async (work, run) => {
      const value = await run()
      results.push(work.attributes['headwater.cache.result'])
      return value
    },
    headers: () => ({}),
  })
  expect(orThrow(await cache.get(1))).toBe('old')
  stop()
  expect(results).toEqual(['stale'])
})
