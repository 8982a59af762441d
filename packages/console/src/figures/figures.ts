import { collectMetrics } from '@headwater/core'
import type { Clock, Metrics, Stores } from '@headwater/core'
import type { History, Series } from '../contract/history.ts'
import type { CacheState } from '../contract/screens.ts'
import { CacheCounters } from './cache-counters.ts'
import { sampleBetween, type Sample, type Totals } from './sample.ts'
import { StoreTroubles } from './store-troubles.ts'

const sampleEveryMs = 2_000
const samplesKept = 150
/** A lag that was measured longer ago is not the lag of a sample. */
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
  readonly #troubles: StoreTroubles
  readonly #lags = new Map<string, { readonly atMs: number; readonly lagMs: number }>()
  readonly #forget: () => void
  #last: Totals

  constructor({ diagnostics, clock }: Pick<Stores, 'diagnostics' | 'clock'>) {
    this.#clock = clock
    this.#metrics = collectMetrics(diagnostics, clock)
    this.#caches = new CacheCounters(diagnostics)
    this.#troubles = new StoreTroubles(diagnostics)
    this.#forget = diagnostics.on('outbox:behind', ({ sink, behindMs }) => {
      this.noteLag({ [sink]: behindMs })
    })
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

  /** Records that differed when this process last compared the index. */
  get drift(): number {
    return this.#troubles.drift
  }

  /** What of a store is bypassed although it may answer. */
  bypassed(store: string): readonly string[] {
    return this.#troubles.bypassed(store)
  }

  /** Notes how far sinks are behind, as an operator or a relay of this process has just read it. */
  noteLag(bySink: Readonly<Record<string, number>>): void {
    const atMs = this.#clock.monotonic()
    for (const [sink, lagMs] of Object.entries(bySink)) this.#lags.set(sink, { atMs, lagMs })
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
    this.#troubles.stop()
    this.#forget()
  }

  #totals(): Totals {
    return {
      metrics: this.#metrics.snapshot(),
      caches: this.#caches.snapshot(),
      doneWithout: this.#troubles.doneWithout,
    }
  }

  #sample(): void {
    const totals = this.#totals()
    const at = { atMs: this.#clock.now(), lagMs: this.#lagNow() }
    this.#samples.push(sampleBetween(this.#last, totals, at))
    if (this.#samples.length > samplesKept) this.#samples.shift()
    this.#last = totals
  }

  /** Of what was not measured since about the last sample there is nothing to show. */
  #lagNow(): Readonly<Record<string, number>> {
    const now = this.#clock.monotonic()
    const fresh = [...this.#lags].filter(([, { atMs }]) => now - atMs < lagHoldsMs)
    return Object.fromEntries(fresh.map(([sink, { lagMs }]) => [sink, lagMs]))
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
