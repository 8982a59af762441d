/**
 * How fast one sink is served: after each failure of the whole sink it rests twice as long and gets
 * half as many events; each success doubles them again.
 */
export class Pace {
  readonly #maxBatch: number
  readonly #maxBackOffMs: number
  #batchSize: number
  #failures = 0
  #notBeforeMs = 0

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

  /** How long the sink still rests, in milliseconds. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#notBeforeMs - nowMs)
  }

  /** The sink could not be reached or asked to be left alone. */
  failed(nowMs: number): void {
    const restMs = Math.min(this.#maxBackOffMs, 100 * 2 ** Math.min(this.#failures, 20))
    this.#failures += 1
    this.#notBeforeMs = nowMs + restMs * (0.75 + Math.random() / 2)
    this.#batchSize = Math.max(1, this.#batchSize >> 1)
  }

  /** The sink took a batch. */
  succeeded(): void {
    this.#failures = 0
    this.#batchSize = Math.min(this.#maxBatch, this.#batchSize * 2)
  }
}
