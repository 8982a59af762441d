import { createHistogram } from 'node:perf_hooks'

const longestUs = 60_000_000

/**
 * Times in a histogram of high dynamic range (HdrHistogram, by Gil Tene): however many there are,
 * they take the same memory, and a percentile is off by 1% at most. What takes longer than a minute
 * counts as a minute.
 */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: longestUs, figures: 2 })

  /** Notes a time in milliseconds. */
  note(ms: number): void {
    this.#histogram.record(Math.min(longestUs, Math.max(1, Math.round(ms * 1_000))))
  }

  /** Notes all times of another histogram. */
  add(other: Latencies): void {
    this.#histogram.add(other.#histogram)
  }

  /** The time that so many percent are not above, in milliseconds; `null` when there are none. */
  percentileMs(percent: number): number | null {
    return this.#histogram.count === 0 ? null : this.#histogram.percentile(percent) / 1_000
  }

  /** The longest time, in milliseconds; `null` when there are none. */
  get maxMs(): number | null {
    return this.#histogram.count === 0 ? null : this.#histogram.max / 1_000
  }
}
