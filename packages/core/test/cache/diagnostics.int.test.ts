import { beginChange, cacheKey, type DiagnosticEvents, orThrow, type Stores } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  areTrusted,
  raise,
  redisKinds,
  rowCache,
  type RowCache,
  versionedRows,
  type VersionedRows,
  versionOf,
} from './versioned-rows.ts'

let rows: VersionedRows
let reader: Stores
let writer: Stores
let cache: RowCache
let id = 0

/** What a process tells of one happening until the end of the test. */
function told<Name extends keyof DiagnosticEvents>(
  stores: Stores,
  name: Name,
): DiagnosticEvents[Name][] {
  const events: DiagnosticEvents[Name][] = []
  stores.diagnostics.on(name, (event) => events.push(event))
  return events
}

const raw = () => reader.redis.client.get(reader.redis.keyPrefix + cache.key(id).text)

describe.each(redisKinds)('diagnostics on %s', (redis) => {
  beforeAll(async () => {
    rows = await versionedRows({ redis })
  })
  afterAll(() => rows.dispose())
  beforeEach(async () => {
    ;[reader, writer] = await Promise.all([
      rows.open(),
      rows.open({ invalidation: { mode: 'durable' } }),
    ])
    await areTrusted(reader, writer)
    cache = rowCache(reader, { leaseMs: 60_000 })
    id += 1
  })

  test('A tracer is told where each read found its value, and loads are timed', async () => {
    const loads = told(reader, 'cache:load')
    const results: unknown[] = []
    const stop = reader.diagnostics.tracing.use({
      trace: async (work, run) => {
        const value = await run()
        results.push([work.name, work.attributes['headwater.cache.result']])
        return value
      },
      headers: () => ({}),
    })
    await versionOf(cache, id)
    await eventually(async () => expect(await raw()).toMatch(/^v1 /))
    await versionOf(cache, id)
    const change = beginChange(reader)
    change.invalidate(cache.key(id))
    orThrow(await change.hold())
    await versionOf(cache, id)
    await change.release()
    orThrow(await cache.getMany([id, id + 50]))
    stop()
    expect(results).toEqual([
      ['cache.get row', 'miss'],
      ['cache.get row', 'hit'],
      ['cache.get row', 'bypass'],
      ['cache.getMany row', undefined],
    ])
    expect(loads[0]).toMatchObject({ cache: 'row', count: 1, outcome: 'ok' })
  })

  test('Each miss, fill and hit is reported under the name of the cache', async () => {
    const [hits, misses, fills] = [
      told(reader, 'cache:hit'),
      told(reader, 'cache:miss'),
      told(reader, 'cache:fill'),
    ]
    await Promise.all([versionOf(cache, id), versionOf(cache, id + 50)])
    await eventually(() => expect(fills.reduce((sum, { count }) => sum + count, 0)).toBe(2))
    expect([hits, misses]).toEqual([
      [],
      [
        { cache: 'row', count: 1 },
        { cache: 'row', count: 1 },
      ],
    ])
    orThrow(await cache.getMany([id, id + 50]))
    expect([hits.reduce((sum, { count }) => sum + count, 0), misses.length]).toEqual([2, 2])
    expect([...hits, ...fills].every((event) => event.cache === 'row')).toBe(true)
  })

  test('A value that a writer kept from being stored is reported', async () => {
    const [fills, rejected] = [told(reader, 'cache:fill'), told(reader, 'cache:fill-rejected')]
    const resume = cache.pauseLoads()
    const early = versionOf(cache, id)
    await eventually(() => expect(cache.loads).toHaveLength(1))
    await raise(writer, id, [cache.key(id)])
    await eventually(async () => expect(await raw()).toBeNull())
    resume()
    expect(await early).toBe(1)
    await eventually(() => expect(rejected).toEqual([{ cache: 'row', count: 1 }]))
    expect(fills).toEqual([])
  })

  test('The time that a reader waited for another process is reported', async () => {
    const other = rowCache(writer, { waitMs: 60_000 })
    const waits = told(writer, 'cache:wait')
    const resume = cache.pauseLoads()
    const early = versionOf(cache, id)
    await eventually(() => expect(cache.loads).toHaveLength(1))
    const misses = told(writer, 'cache:miss')
    const late = versionOf(other, id)
    await eventually(() => expect(misses).toHaveLength(1))
    resume()
    expect(await Promise.all([early, late])).toEqual([1, 1])
    expect(waits).toEqual([{ cache: 'row', durationMs: expect.any(Number) as number }])
  })

  test('A reader that bypasses the cache because of a hold is reported', async () => {
    const passed = told(reader, 'cache:bypass')
    const change = writer.invalidation.begin()
    change.invalidate([cache.key(id)])
    await change.hold(async () => undefined)
    expect(await versionOf(cache, id)).toBe(1)
    expect(passed).toMatchObject([{ cache: 'row' }])
    await change.release()
  })

  test("A writer's hold and release are reported with the number of keys", async () => {
    const [holds, releases, failed] = [
      told(writer, 'invalidation:hold'),
      told(writer, 'invalidation:release'),
      told(writer, 'invalidation:failed'),
    ]
    await raise(writer, id, [cache.key(id), cacheKey('tag', id)])
    await eventually(() => expect(releases).toMatchObject([{ keys: 2 }]))
    expect(holds).toMatchObject([{ keys: 2 }])
    expect(failed).toEqual([])
  })
})
