import type { Diagnostics } from '@headwater/core'
import type { CacheState } from '../contract/screens.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

interface Counts extends Omit<Mutable<CacheState>, 'bypasses'> {
  readonly bypasses: Record<string, number>
}

/** Counts what each cache of this process does. */
export class CacheCounters {
  readonly #counts = new Map<string, Counts>()
  readonly #subscriptions: readonly (() => void)[]

  constructor(diagnostics: Diagnostics) {
    this.#subscriptions = [
      diagnostics.on('cache:hit', ({ cache, count }) => {
        this.#of(cache).hits += count
      }),
      diagnostics.on('near:hit', ({ cache, count }) => {
        this.#of(cache).nearHits += count
      }),
      diagnostics.on('cache:miss', ({ cache, count }) => {
        this.#of(cache).misses += count
      }),
      diagnostics.on('cache:fill', ({ cache, count }) => {
        this.#of(cache).fills += count
      }),
      diagnostics.on('cache:fill-rejected', ({ cache, count }) => {
        this.#of(cache).refusedFills += count
      }),
      diagnostics.on('cache:stale-served', ({ cache }) => {
        this.#of(cache).staleServed += 1
      }),
      diagnostics.on('cache:bypass', ({ cache, reason }) => {
        const { bypasses } = this.#of(cache)
        bypasses[reason] = (bypasses[reason] ?? 0) + 1
      }),
    ]
  }

  /** What was counted so far, by the name of the cache. */
  snapshot(): readonly CacheState[] {
    return [...this.#counts.values()]
      .map((counts) => ({ ...counts, bypasses: { ...counts.bypasses } }))
      .sort((a, b) => (a.cache < b.cache ? -1 : 1))
  }

  stop(): void {
    for (const end of this.#subscriptions) end()
  }

  #of(cache: string): Counts {
    const known = this.#counts.get(cache)
    if (known !== undefined) return known
    const counts: Counts = {
      cache,
      hits: 0,
      nearHits: 0,
      misses: 0,
      fills: 0,
      refusedFills: 0,
      staleServed: 0,
      bypasses: {},
    }
    this.#counts.set(cache, counts)
    return counts
  }
}
