import { type Clock, systemClock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { StoreName } from '../errors.ts'
import { DurationHistogram } from './duration-histogram.ts'
import { LoopLag } from './loop-lag.ts'

/** How something that takes time went. Durations in milliseconds. */
export interface DurationMetric {
  /** How often it happened. */
  readonly count: number
  /** How often it failed. */
  readonly failures: number
  /** Mean duration; 0 when it never happened. */
  readonly meanMs: number
  /** Longest duration. */
  readonly maxMs: number
  /** How often it took how long: up to each of `durationBoundsMs`, and longer. */
  readonly buckets: readonly number[]
}

/** The state of the relay towards one sink. */
export interface SinkMetric {
  /** Events taken. */
  readonly delivered: number
  /** Events that failed, each time they did. */
  readonly failed: number
  /** Events given up. */
  readonly dead: number
  /** Age of the newest events when they were last taken, in milliseconds. */
  readonly lagMs: number
  /**
   * Time since the log moved on from where the sink stands, when a relay of this process last
   * looked, in milliseconds; rises while it is stuck.
   */
  readonly behindMs: number
}

/** What was counted since {@link collectMetrics}. Plain data, fit for JSON. */
export interface MetricsSnapshot {
  /** Time it covers, in milliseconds. */
  readonly periodMs: number
  /** The caches together. `hitRate` is between 0 and 1; 0 when nothing was read. */
  readonly cache: {
    readonly hits: number
    readonly misses: number
    readonly hitRate: number
    readonly bypassed: number
    readonly staleServed: number
  }
  /** Reads that replicas of PostgreSQL were to answer: by them, or by the primary after all. */
  readonly replicas: { readonly answered: number; readonly passedOver: number }
  /** Calls to each store. */
  readonly stores: Readonly<Partial<Record<StoreName, DurationMetric>>>
  /** Searches; a failure is a leg that failed. */
  readonly search: DurationMetric & { readonly cached: number }
  /** Activity written to the log; `perSecond` over the whole period. */
  readonly activity: {
    readonly logged: number
    readonly dropped: number
    readonly perSecond: number
  }
  /** Each sink of the relay. */
  readonly relay: Readonly<Record<string, SinkMetric>>
  /** Transactions by how they ended; a failure is one that was not committed. */
  readonly transactions: DurationMetric & {
    readonly committed: number
    readonly rolledBack: number
    readonly unknown: number
  }
  /**
   * How late the event loop of this process was: in the mean, and at most. Rises when the host
   * works synchronously, or when the machine has too little time for it.
   */
  readonly eventLoop: { readonly meanLagMs: number; readonly maxLagMs: number }
  /**
   * Errors outside any call, breakers that opened, invalidations that have to be made up for,
   * errors of the relay's loop.
   */
  readonly failures: {
    readonly storeErrors: number
    readonly breakerOpenings: number
    readonly invalidations: number
    readonly relay: number
  }
}

/** Counts from the diagnostics until it is stopped. */
export interface Metrics {
  /** What was counted so far. */
  snapshot(): MetricsSnapshot
  /** Stops counting. */
  stop(): void
}

/**
 * Counts what the diagnostics report: enough for hit rate, query time per store, search latency,
 * log throughput, relay lag and lag of the event loop. Costs a few additions per
 * diagnostic and, while it runs, two clock readings per Redis command and ten timers a second.
 */
export function collectMetrics(diagnostics: Diagnostics, clock: Clock = systemClock): Metrics {
  return new DiagnosticMetrics(diagnostics, clock)
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

class Durations {
  failures = 0
  readonly #durations = new DurationHistogram()

  add(durationMs: number, isFailure: boolean): void {
    if (isFailure) this.failures += 1
    this.#durations.add(durationMs)
  }

  toMetric(): DurationMetric {
    const { count, sum, max, buckets } = this.#durations
    return {
      count,
      failures: this.failures,
      meanMs: count === 0 ? 0 : sum / count,
      maxMs: max,
      buckets: [...buckets],
    }
  }
}

class DiagnosticMetrics implements Metrics {
  readonly #clock: Clock
  readonly #startedMs: number
  readonly #subscriptions: (() => void)[]
  readonly #cache = { hits: 0, misses: 0, bypassed: 0, staleServed: 0 }
  readonly #replicas = { answered: 0, passedOver: 0 }
  readonly #stores = new Map<StoreName, Durations>()
  readonly #search = new Durations()
  readonly #activity = { logged: 0, dropped: 0 }
  readonly #relay = new Map<string, Mutable<SinkMetric>>()
  readonly #endings = { committed: 0, rolledBack: 0, unknown: 0 }
  readonly #transactions = new Durations()
  readonly #failures = { storeErrors: 0, breakerOpenings: 0, invalidations: 0, relay: 0 }
  readonly #loopLag: LoopLag
  #cachedSearches = 0

  constructor(diagnostics: Diagnostics, clock: Clock) {
    this.#clock = clock
    this.#startedMs = clock.monotonic()
    this.#loopLag = new LoopLag(clock)
    this.#subscriptions = [
      ...this.#countStores(diagnostics),
      ...this.#countCache(diagnostics),
      ...this.#countOutbox(diagnostics),
      ...this.#countSearch(diagnostics),
    ]
  }

  snapshot(): MetricsSnapshot {
    const periodMs = this.#clock.monotonic() - this.#startedMs
    const { hits, misses } = this.#cache
    return {
      periodMs,
      cache: { ...this.#cache, hitRate: hits + misses === 0 ? 0 : hits / (hits + misses) },
      replicas: { ...this.#replicas },
      stores: Object.fromEntries(
        [...this.#stores].map(([store, durations]) => [store, durations.toMetric()]),
      ),
      search: { ...this.#search.toMetric(), cached: this.#cachedSearches },
      activity: {
        ...this.#activity,
        perSecond: periodMs === 0 ? 0 : (this.#activity.logged * 1_000) / periodMs,
      },
      relay: Object.fromEntries([...this.#relay].map(([sink, metric]) => [sink, { ...metric }])),
      transactions: { ...this.#transactions.toMetric(), ...this.#endings },
      eventLoop: this.#loopLag.toMetric(),
      failures: { ...this.#failures },
    }
  }

  stop(): void {
    this.#loopLag.stop()
    for (const end of this.#subscriptions.splice(0)) end()
  }

  #countStores(diagnostics: Diagnostics): (() => void)[] {
    return [
      diagnostics.on('store:operation', ({ store, durationMs, outcome }) => {
        const durations = this.#stores.get(store) ?? new Durations()
        this.#stores.set(store, durations)
        durations.add(durationMs, outcome !== 'ok')
      }),
      diagnostics.on('replica:read', () => {
        this.#replicas.answered += 1
      }),
      diagnostics.on('replica:passed-over', () => {
        this.#replicas.passedOver += 1
      }),
      diagnostics.on('store:error', () => {
        this.#failures.storeErrors += 1
      }),
      diagnostics.on('breaker:transition', ({ state }) => {
        if (state === 'open') this.#failures.breakerOpenings += 1
      }),
      diagnostics.on('transaction:end', ({ outcome, durationMs }) => {
        this.#endings[outcome === 'rolled-back' ? 'rolledBack' : outcome] += 1
        this.#transactions.add(durationMs, outcome !== 'committed')
      }),
    ]
  }

  #countCache(diagnostics: Diagnostics): (() => void)[] {
    return [
      diagnostics.on('cache:hit', ({ count }) => {
        this.#cache.hits += count
      }),
      diagnostics.on('near:hit', ({ count }) => {
        this.#cache.hits += count
      }),
      diagnostics.on('cache:miss', ({ count }) => {
        this.#cache.misses += count
      }),
      diagnostics.on('cache:bypass', () => {
        this.#cache.bypassed += 1
      }),
      diagnostics.on('cache:stale-served', () => {
        this.#cache.staleServed += 1
      }),
      diagnostics.on('invalidation:failed', () => {
        this.#failures.invalidations += 1
      }),
    ]
  }

  #countOutbox(diagnostics: Diagnostics): (() => void)[] {
    return [
      diagnostics.on('outbox:delivered', ({ sink, count, lagMs }) => {
        const metric = this.#sink(sink)
        metric.delivered += count
        metric.lagMs = lagMs
      }),
      diagnostics.on('outbox:failed', ({ sink, count }) => {
        this.#sink(sink).failed += count
      }),
      diagnostics.on('outbox:dead', ({ sink }) => {
        this.#sink(sink).dead += 1
      }),
      diagnostics.on('outbox:behind', ({ sink, behindMs }) => {
        this.#sink(sink).behindMs = behindMs
      }),
      diagnostics.on('relay:error', () => {
        this.#failures.relay += 1
      }),
    ]
  }

  #countSearch(diagnostics: Diagnostics): (() => void)[] {
    return [
      diagnostics.on('search:answered', ({ cached, durationMs }) => {
        this.#search.add(durationMs, false)
        if (cached) this.#cachedSearches += 1
      }),
      diagnostics.on('search:degraded', () => {
        this.#search.failures += 1
      }),
      diagnostics.on('activity:flush', ({ count, outcome }) => {
        if (outcome === 'ok') this.#activity.logged += count
      }),
      diagnostics.on('activity:dropped', ({ count }) => {
        this.#activity.dropped += count
      }),
    ]
  }

  #sink(name: string): Mutable<SinkMetric> {
    const metric = this.#relay.get(name) ?? {
      delivered: 0,
      failed: 0,
      dead: 0,
      lagMs: 0,
      behindMs: 0,
    }
    this.#relay.set(name, metric)
    return metric
  }
}
