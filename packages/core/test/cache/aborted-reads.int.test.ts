import { getEventListeners } from 'node:events'
import type { Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  areTrusted,
  raise,
  type RowCache,
  rowCache,
  type VersionedRows,
  versionedRows,
  versionOf,
} from './versioned-rows.ts'

let rows: VersionedRows
let stores: Stores
let cache: RowCache

beforeAll(async () => {
  rows = await versionedRows()
  stores = await rows.open()
  await areTrusted(stores)
  cache = rowCache(stores, { leaseMs: 60_000, waitMs: 60_000 })
})
afterAll(() => rows.dispose())

const givenUp = {
  type: 'deadline-exceeded',
  message: 'postgres: `read row` was given up by its caller',
}

test('A reader that aborts is answered at once, and the load goes on for the others and the cache', async () => {
  const resume = cache.pauseLoads()
  const controller = new AbortController()
  const aborting = cache.get(1, { signal: controller.signal })
  await eventually(() => expect(cache.loads).toEqual([[1]]))
  const waiting = versionOf(cache, 1)
  controller.abort()
  expect((await aborting)._unsafeUnwrapErr()).toMatchObject(givenUp)
  resume()
  expect(await waiting).toBe(1)
  expect(await versionOf(cache, 1)).toBe(1)
  expect(cache.loads).toEqual([[1]])
})

test('A reader that aborts leaves no lease behind: the next commit and the next read are as ever', async () => {
  const resume = cache.pauseLoads()
  const controller = new AbortController()
  const loads = cache.loads.length
  const aborting = cache.getMany([2, 3], { signal: controller.signal })
  await eventually(() => expect(cache.loads.length).toBe(loads + 1))
  controller.abort()
  expect((await aborting)._unsafeUnwrapErr()).toMatchObject(givenUp)
  expect(await raise(stores, 2, [cache.key(2)])).toBe(2)
  resume()
  expect(await versionOf(cache, 2)).toBe(2)
  expect(await versionOf(cache, 3)).toBe(1)
})

test('A reader whose signal is aborted already asks no store', async () => {
  const asked: string[] = []
  const stop = stores.diagnostics.on('store:operation', ({ operation }) => asked.push(operation))
  const loads = cache.loads.length
  const signal = AbortSignal.abort()
  const answers = [
    await cache.get(4, { signal }),
    await cache.getMany([4, 5], { signal }),
    await cache.refresh(4, { signal }),
  ]
  stop()
  expect(answers.map((answer) => answer._unsafeUnwrapErr().type)).toEqual(
    answers.map(() => 'deadline-exceeded'),
  )
  expect(cache.loads.length).toBe(loads)
  expect(asked.filter((operation) => /\bget\b|\brows\b|lease/.test(operation))).toEqual([])
})

test('A signal that outlives many reads keeps no listener of them', async () => {
  const { signal } = new AbortController()
  const reads = Array.from({ length: 20 }, () => cache.get(6, { signal }))
  expect(getEventListeners(signal, 'abort').length).toBe(20)
  await Promise.all(reads)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
