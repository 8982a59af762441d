import { type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  areTrusted,
  redisKinds,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from './versioned-rows.ts'

let rows: VersionedRows
let processes: Stores[]
let caches: RowCache[]
let id = 0

const loads = () => caches.flatMap((cache) => cache.loads)
const first = () => caches[0] as RowCache

describe.each(redisKinds)('on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
    processes = await Promise.all([1, 2, 3, 4].map(() => rows.open()))
    await areTrusted(...processes)
  })
  afterAll(() => rows.dispose())
  beforeEach(() => {
    caches = processes.map((stores) => rowCache(stores, { leaseMs: 60_000, waitMs: 60_000 }))
    id += 1
  })

  describe('misses', () => {
    test('Fifty callers in each of four processes that miss together load once', async () => {
      const resumes = caches.map((cache) => cache.pauseLoads())
      const reads = caches.flatMap((cache) =>
        Array.from({ length: 50 }, () => versionOf(cache, id)),
      )
      await eventually(() => expect(loads()).not.toHaveLength(0))
      resumes.forEach((resume) => {
        resume()
      })
      expect(new Set(await Promise.all(reads))).toEqual(new Set([1]))
      expect(loads()).toEqual([[id]])
    })

    test('Misses of one process share one load without asking Redis again', async () => {
      const waits: number[] = []
      const off = (processes[0] as Stores).diagnostics.on('cache:wait', ({ durationMs }) =>
        waits.push(durationMs),
      )
      const resume = first().pauseLoads()
      const reads = Array.from({ length: 50 }, () => versionOf(first(), id))
      await eventually(() => expect(first().loads).toHaveLength(1))
      resume()
      expect(new Set(await Promise.all(reads))).toEqual(new Set([1]))
      off()
      expect(waits).toEqual([])
    })

    test('Concurrent misses are leased and loaded together', async () => {
      const ids = Array.from({ length: 20 }, (_, index) => 100 + index)
      await Promise.all(ids.map((each) => versionOf(first(), each)))
      expect(first().loads).toEqual([ids])
    })

    test('A miss waits for another process only for waitMs, then loads without storing', async () => {
      const [slow, patient] = [
        first(),
        rowCache(processes[1] as Stores, { waitMs: 100, leaseMs: 30_000 }),
      ]
      const resume = slow.pauseLoads()
      const early = versionOf(slow, id)
      await eventually(() => expect(slow.loads).toHaveLength(1))
      const startedAt = performance.now()
      expect(await versionOf(patient, id)).toBe(1)
      expect(performance.now() - startedAt).toBeLessThan(30_000)
      expect(patient.loads).toHaveLength(1)
      resume()
      await early
    })

    test('Callers that share a load get a value of their own each', async () => {
      const resume = first().pauseLoads()
      const both = Promise.all([first().get(id), first().get(id)])
      await eventually(() => expect(first().loads).toHaveLength(1))
      resume()
      const [one, other] = await both
      expect(one._unsafeUnwrap()).toEqual(other._unsafeUnwrap())
      expect(one._unsafeUnwrap()).not.toBe(other._unsafeUnwrap())
    })

    test('Misses of a held key run at most one load and queue at most one per process', async () => {
      const change = (processes[1] as Stores).invalidation.begin()
      change.invalidate([first().key(id)])
      await change.hold(async () => undefined)
      let passing = 0
      const off = (processes[0] as Stores).diagnostics.on('cache:bypass', () => {
        passing += 1
      })
      const resume = first().pauseLoads()
      const reads: Promise<unknown>[] = []
      for (let asked = 20; asked <= 200; asked += 20) {
        reads.push(...Array.from({ length: 20 }, () => versionOf(first(), id)))
        await eventually(() => expect(passing).toBe(asked))
      }
      resume()
      await Promise.all(reads)
      off()
      expect(first().loads).toEqual([[id], [id]])
      await change.release()
    })

    test('A failed load leaves the key free for the next reader at once', async () => {
      let isBroken = true
      const cache = rowCache(processes[0] as Stores)
      const fragile = rowCache(processes[0] as Stores, {
        leaseMs: 60_000,
        waitMs: 90_000,
        codec: {
          encode: (row) => {
            if (isBroken) throw new Error('broken')
            return row
          },
          decode: (json) => json as never,
        },
      })
      expect((await fragile.get(id))._unsafeUnwrapErr()).toMatchObject({ type: 'load-failed' })
      isBroken = false
      const startedAt = performance.now()
      expect(await versionOf(fragile, id)).toBe(1)
      expect(performance.now() - startedAt).toBeLessThan(30_000)
      await eventually(async () =>
        expect(
          await (processes[0] as Stores).redis.client.get(
            (processes[0] as Stores).redis.keyPrefix + cache.key(id).text,
          ),
        ).toMatch(/^v1 /),
      )
    })
  })
})
