import { collectMetrics } from '@headwater/core'
import type { Clock, Metrics, Stores } from '@headwater/core'
import type { History, Series } from '../contract/history.ts'
import type { CacheState } from '../contract/screens.ts'
import { CacheCounters } from './cache-counters.ts'
import { sampleBetween, type Sample, type Totals } from './sample.ts'

const sampleEveryMs = 2_000
const samplesKept = 150
/** A lag that was read longer ago is not the lag of a sample. */
const lagHoldsMs = 2 * sampleEveryMs

/**
 * What this process did in the last five minutes. Counts from the diagnostics and asks no store, so
 * that it costs the same while nobody looks.
 */
export class Figures {
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #caches: CacheCounters
  readonly #timer: NodeJS.Timeout
  readonly #samples: Sample[] = []
  #last: Totals
  #lag: { readonly atMs: number; readonly bySink: Readonly<Record<string, number>> } | undefined

  constructor({ diagnostics, clock }: Pick<Stores, 'diagnostics' | 'clock'>) {
    this.#clock = clock
    this.#metrics = collectMetrics(diagnostics, clock)
    this.#caches = new CacheCounters(diagnostics)
    this.#last = this.#totals()
    this.#timer = setInterval(() => {
      this.#sample()
    }, sampleEveryMs)
    this.#timer.unref()
  }

  /** What each cache did since the beginning. */
  get caches(): readonly CacheState[] {
    return this.#caches.snapshot()
  }

  /** Notes how far the sinks are behind, as an operator has just read it. */
  noteLag(bySink: Readonly<Record<string, number>>): void {
    this.#lag = { atMs: this.#clock.monotonic(), bySink }
  }

  /** The last five minutes, as columns. */
  history(): History {
    const samples = this.#samples
    return {
      at: samples.map(({ at }) => at),
      hitRate: samples.map(({ hitRate }) => hitRate),
      latencyMs: columns(samples, ({ latencyMs }) => latencyMs),
      searchMs: samples.map(({ searchMs }) => searchMs),
      lagMs: columns(samples, ({ lagMs }) => lagMs),
      activity: samples.map(({ activity }) => activity),
      degraded: samples.map(({ degraded }) => degraded),
      hitRateOf: columns(samples, ({ hitRateOf }) => hitRateOf),
    }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#metrics.stop()
    this.#caches.stop()
  }

  #totals(): Totals {
    return { metrics: this.#metrics.snapshot(), caches: this.#caches.snapshot() }
  }

  #sample(): void {
    const totals = this.#totals()
    const at = { atMs: this.#clock.now(), lagMs: this.#lagNow(totals) }
    this.#samples.push(sampleBetween(this.#last, totals, at))
    if (this.#samples.length > samplesKept) this.#samples.shift()
    this.#last = totals
  }

  /** What a relay of this process last saw stands in for what no operator has read. */
  #lagNow({ metrics }: Totals): Readonly<Record<string, number>> {
    const now = this.#clock.monotonic()
    if (this.#lag !== undefined && now - this.#lag.atMs < lagHoldsMs) return this.#lag.bySink
    return Object.fromEntries(
      Object.entries(metrics.relay).map(([sink, { behindMs }]) => [sink, behindMs]),
    )
  }
}

/** A column for each name that occurs in any sample. */
function columns(
  samples: readonly Sample[],
  valuesOf: (sample: Sample) => Readonly<Record<string, number | null>>,
): Readonly<Record<string, Series>> {
  const names = new Set(samples.flatMap((sample) => Object.keys(valuesOf(sample))))
  return Object.fromEntries(
    [...names].sort().map((name) => [name, samples.map((one) => valuesOf(one)[name] ?? null)]),
  )
}
