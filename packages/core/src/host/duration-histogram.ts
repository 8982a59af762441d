/**
 * Upper bounds of the buckets in which durations are counted, in milliseconds: those that
 * OpenTelemetry recommends for `db.client.operation.duration`. Longer ones have a bucket of their
 * own.
 */
export const durationBoundsMs: readonly number[] = [1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000]

/** Counts durations by their length. */
export class DurationHistogram {
  readonly #bounds: readonly number[]
  readonly #buckets: number[]
  #count = 0
  #sum = 0
  #max = 0

  /** `bounds` rise; durations have their unit. */
  constructor(bounds: readonly number[] = durationBoundsMs) {
    this.#bounds = bounds
    this.#buckets = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  /** How many were counted. */
  get count(): number {
    return this.#count
  }

  /** The sum of all. */
  get sum(): number {
    return this.#sum
  }

  /** The longest; 0 when there was none. */
  get max(): number {
    return this.#max
  }

  /** How many were counted in each bucket, up to and including its bound; the last has none. */
  get buckets(): readonly number[] {
    return this.#buckets
  }

  /** Counts one. */
  add(duration: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && duration > (this.#bounds[bucket] as number)) bucket += 1
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1
    this.#count += 1
    this.#sum += duration
    if (duration > this.#max) this.#max = duration
  }
}
