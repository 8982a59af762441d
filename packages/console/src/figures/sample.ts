import type { MetricsSnapshot } from '@headwater/core'
import type { CacheState } from '../contract/screens.ts'

/** What was counted until a moment. */
export interface Totals {
  readonly metrics: MetricsSnapshot
  readonly caches: readonly CacheState[]
  /** Times that it was done without MongoDB, or without Redis to count requests. */
  readonly doneWithout: number
}

/** What happened between two moments; `null` where there was nothing to measure. */
export interface Sample {
  /** Its end, in seconds since the epoch. */
  readonly at: number
  readonly hitRate: number | null
  readonly latencyMs: Readonly<Record<string, number | null>>
  readonly searchMs: number | null
  readonly lagMs: Readonly<Record<string, number>>
  readonly activity: number
  readonly degraded: number
  readonly hitRateOf: Readonly<Record<string, number | null>>
}

/** The sample between two totals; `lagMs` is that of the sinks now. */
export function sampleBetween(
  before: Totals,
  after: Totals,
  { atMs, lagMs }: { readonly atMs: number; readonly lagMs: Readonly<Record<string, number>> },
): Sample {
  const [was, is] = [before.metrics, after.metrics]
  const seconds = (is.periodMs - was.periodMs) / 1_000
  const perSecond = (number: number) => (seconds > 0 ? round(number / seconds) : 0)
  const cachesBefore = new Map(before.caches.map((counts) => [counts.cache, counts]))
  return {
    at: Math.round(atMs / 1_000),
    hitRate: rate(is.cache.hits - was.cache.hits, is.cache.misses - was.cache.misses),
    latencyMs: Object.fromEntries(
      Object.entries(is.stores).map(([name, metric]) => [
        name,
        meanSince(was.stores[name as keyof typeof was.stores], metric),
      ]),
    ),
    searchMs: meanSince(was.search, is.search),
    lagMs,
    activity: perSecond(60 * (is.activity.logged - was.activity.logged)),
    degraded: perSecond(doneWithout(after) - doneWithout(before)),
    hitRateOf: Object.fromEntries(
      after.caches.map((counts) => [
        counts.cache,
        rateSince(cachesBefore.get(counts.cache), counts),
      ]),
    ),
  }
}

function doneWithout({ metrics: { cache, search }, doneWithout: others }: Totals): number {
  return cache.bypassed + cache.staleServed + search.failures + others
}

interface Mean {
  readonly count: number
  readonly meanMs: number
}

function meanSince(before: Mean | undefined, after: Mean): number | null {
  const count = after.count - (before?.count ?? 0)
  if (count === 0) return null
  const sum = after.count * after.meanMs - (before === undefined ? 0 : before.count * before.meanMs)
  return round(sum / count)
}

function rateSince(before: CacheState | undefined, after: CacheState): number | null {
  const hits = hitsOf(after) - (before === undefined ? 0 : hitsOf(before))
  return rate(hits, after.misses - (before?.misses ?? 0))
}

function hitsOf({ hits, nearHits }: CacheState): number {
  return hits + nearHits
}

function rate(hits: number, misses: number): number | null {
  return hits + misses === 0 ? null : round(hits / (hits + misses))
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
