/**
 * The pace at which one sink is served. Each failure of the whole sink doubles its rest and halves
 * its batch; each success doubles the batch and ends the rest.
 */
export class Pace {
  readonly #maxBatch: number
  readonly #maxBackOffMs: number
  #batchSize: number
  #failures = 0
  #restsUntilAt = 0

  constructor({
    maxBatch,
    maxBackOffMs,
  }: {
    readonly maxBatch: number
    readonly maxBackOffMs: number
  }) {
    this.#maxBatch = maxBatch
    this.#maxBackOffMs = maxBackOffMs
    this.#batchSize = maxBatch
  }

  /** Events per batch at present. */
  get batchSize(): number {
    return this.#batchSize
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** The rest that is left for the sink at a moment, in milliseconds. */
  restMs(at: number): number {
    return Math.max(0, this.#restsUntilAt - at)
  }

  /** Slows down: the sink could not be reached, or asked for a rest. */
  failed(at: number): void {
    const restMs = Math.min(this.#maxBackOffMs, 100 * 2 ** Math.min(this.#failures, 20))
    this.#failures += 1
    this.#restsUntilAt = at + restMs * (0.75 + Math.random() / 2)
    this.#batchSize = Math.max(1, this.#batchSize >> 1)
  }

  /** Speeds up: the sink took a batch. */
  succeeded(): void {
    this.#failures = 0
    this.#batchSize = Math.min(this.#maxBatch, this.#batchSize * 2)
  }
}
