import { orThrow, type Stores } from '@headwater/core'
import { eventually, type RedisServer } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  raise,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
} from '../cache/versioned-rows.ts'

let rows: VersionedRows
let reader: Stores
let writer: Stores
let cache: RowCache
const stale: number[][] = []

beforeAll(async () => {
  rows = await versionedRows({ redis: 'a cluster of three masters' })
  reader = await rows.open({ invalidation: { holdMs: 3_000 }, redis: { deadlineMs: 1_500 } })
  writer = await rows.open({ invalidation: { holdMs: 3_000 }, redis: { deadlineMs: 500 } })
  cache = rowCache(reader)
})
afterAll(() => rows.dispose())

const ids = Array.from({ length: 30 }, (_, index) => index + 1)
const master = () => rows.masters[0] as RedisServer
const readAll = async () =>
  [...orThrow(await cache.getMany(ids)).values()].map((row) => row.version)
const all = (version: number) => ids.map(() => version)
const areServed = (version: number) =>
  eventually(
    async () => {
      const before = cache.loads.length
      const found = await readAll()
      if (found.some((each) => each !== version)) stale.push(found)
      expect(cache.loads).toHaveLength(before)
    },
    { timeoutMs: 60_000 },
  )
/** Waits until the writer holds keys at every master: others may read what it writes 1.5 s late. */
const isWriterConnected = async () => {
  const intents: unknown[] = []
  const stop = writer.diagnostics.on('invalidation:intent', (event) => intents.push(event))
  const probes = ids.map((id) => id + 100)
  await eventually(
    async () => {
      intents.length = 0
      await Promise.all(probes.map((id) => raise(writer, id, [cache.key(id)])))
      expect(intents).toEqual([])
    },
    { timeoutMs: 60_000 },
  )
  stop()
}
/** The time of the slowest of ten reads while a master hangs, in milliseconds. */
const slowestReadOf = async (version: number): Promise<number> => {
  await master().pause()
  const times: number[] = []
  for (let read = 0; read < 10; read += 1) {
    const startedAt = performance.now()
    expect(await readAll()).toEqual(all(version))
    times.push(performance.now() - startedAt)
  }
  await master().resume()
  return Math.max(...times)
}
const raiseAll = () => Promise.all(ids.map((id) => raise(writer, id, [cache.key(id)])))

describe('a cluster that loses one master', () => {
  test('Hits of several caches in one turn take a command each, so that none waits for another', async () => {
    const other = rowCache(reader, { name: 'other' })
    await areServed(1)
    orThrow(await other.getMany(ids))
    const operations: string[] = []
    const off = reader.diagnostics.on('store:operation', ({ operation }) =>
      operations.push(operation),
    )
    await Promise.all([cache.getMany([1]), other.getMany([2]), other.getMany([])])
    off()
    expect(operations.filter((operation) => operation === 'get')).toHaveLength(2)
  })

  test('A lost master costs only time, and brings no old value back when it returns empty', async () => {
    await areServed(1)
    await isWriterConnected()
    await master().kill()
    expect(await readAll()).toEqual(all(1))
    await raiseAll()
    expect(await readAll()).toEqual(all(2))
    await master().restart()
    await areServed(2)
    expect(stale).toEqual([])
  })

  test('A master that hangs costs a read at most its deadline and is used again when it answers', async () => {
    await areServed(2)
    let slowestMs = Infinity
    // A stall of this process makes a read slow too: all are measured again then.
    for (let tries = 0; slowestMs >= 2_900 && tries < 5; tries += 1) {
      slowestMs = await slowestReadOf(2)
      await areServed(2)
    }
    expect(slowestMs).toBeGreaterThan(1_400)
    expect(slowestMs).toBeLessThan(2_900)
  })

  test('A master that returns with a snapshot brings no old value back', async () => {
    await areServed(2)
    await isWriterConnected()
    await master().snapshot()
    await raiseAll()
    await areServed(3)
    await master().kill()
    expect(await readAll()).toEqual(all(3))
    await master().restart({ keepData: true })
    await areServed(3)
    expect(stale).toEqual([])
  })
})
