// The cost of telemetry: a scrape after work with ten thousand series, and hits of a cache with
// metrics on against the same with metrics off.
import {
  connect,
  defineCache,
  orThrow,
  type Cache,
  type Diagnostics,
  type Stores,
} from '@headwater/core'
import { prometheus, type PrometheusMetrics } from '@headwater/telemetry'
import { openCacheFixture } from '../cache/cache-fixture.ts'
import { loadUsers, type User } from '../cache/users.ts'
import { median } from '../measure/alternate.ts'
import { bench } from '../measure/bench.ts'
import { runContest } from '../measure/contest.ts'

const ids = Array.from({ length: 200 }, (_, index) => index + 1)
const turns = 5
const caches = 1_000
const scrapes = 31

await bench(async (options) => {
  const { isJson, postgres, redis } = options
  const fixture = await openCacheFixture(options)
  const watched = orThrow(
    await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
  )
  const metrics = prometheus(watched)
  try {
    const sides = { ours: await hits(watched), theirs: await hits(fixture.stores) }
    const { timesFaster } = await runContest(
      'cacheHitOn',
      {
        ours: () => sides.ours,
        theirs: () => sides.theirs,
        operations: turns * ids.length,
      },
      { isProfiled: !isJson, profiledRounds: 30 },
    )
    workOnManyCaches(watched.diagnostics)
    return { cacheHitOnVsOff: timesFaster, ...(await timeScrapes(metrics)) }
  } finally {
    metrics.stop()
    orThrow(await watched.close())
    await fixture.close()
  }
})

async function hits(stores: Stores): Promise<() => Promise<void>> {
  const cache: Cache<number, User> = defineCache(stores, {
    name: 'user',
    ttlMs: 3_600_000,
    load: loadUsers,
  })
  for (let turn = 0; turn < 3; turn += 1) orThrow(await cache.getMany(ids))
  return async () => {
    for (let turn = 0; turn < turns; turn += 1)
      for (const hit of await Promise.all(ids.map((id) => cache.get(id)))) orThrow(hit)
  }
}

/** Ten thousand series and more: ten of the load times of each cache, and those of its reads. */
function workOnManyCaches(diagnostics: Diagnostics): void {
  for (let at = 0; at < caches; at += 1) {
    const cache = `cache-${at}`
    diagnostics.emit('cache:hit', { cache, count: 5 })
    diagnostics.emit('cache:miss', { cache, count: 1 })
    diagnostics.emit('cache:load', { cache, count: 1, durationMs: at % 100, outcome: 'ok' })
  }
}

async function timeScrapes(metrics: PrometheusMetrics): Promise<Record<string, number>> {
  const times: number[] = []
  let series = 0
  for (let at = 0; at < scrapes; at += 1) {
    const startedAt = performance.now()
    const text = await metrics.text()
    times.push(performance.now() - startedAt)
    series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  }
  return { scrapeMs: median(times), series }
}
