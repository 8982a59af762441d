import type { Clock } from '../../../clock.ts'
import { startTimer } from '../../../resilience/timer.ts'

/** The time that replicas have until one begins to answer. */
export class Patience {
  /** All of it, in milliseconds. */
  readonly ms: number
  readonly #clock: Clock
  readonly #endMs: number
  readonly #over = new AbortController()
  readonly #cancel: () => void

  constructor(ms: number, clock: Clock) {
    this.ms = ms
    this.#clock = clock
    this.#endMs = clock.monotonic() + ms
    this.#cancel = startTimer(ms, () => {
      this.#over.abort()
    })
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** What is left of it, in milliseconds. */
  get leftMs(): number {
    return this.#endMs - this.#clock.monotonic()
  }

  /** Stops the timer. */
  end(): void {
    this.#cancel()
  }
}
