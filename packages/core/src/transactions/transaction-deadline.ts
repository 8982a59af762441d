import type { DeadlineExceeded } from '../errors.ts'
import { startTimer } from '../resilience/timer.ts'

/**
 * The time limit of a transaction. When it has passed, `cut` is called once and every race is lost.
 */
export class Deadline {
  /** The failure for the caller. */
  readonly failure: DeadlineExceeded
  readonly #cancel: () => void
  readonly #passed = Promise.withResolvers<never>()
  #hasPassed = false

  constructor(deadlineMs: number, cut: () => void) {
    this.failure = {
      type: 'deadline-exceeded',
      store: 'postgres',
      operation: 'transaction',
      deadlineMs,
      message: `the transaction did not end within ${Math.round(deadlineMs)} ms and was rolled back`,
      retryable: true,
    }
    this.#passed.promise.catch(() => undefined)
    this.#cancel = startTimer(deadlineMs, () => {
      this.#hasPassed = true
      cut()
      this.#passed.reject(this.failure)
    })
  }

  /** Whether the time limit has passed. */
  get hasPassed(): boolean {
    return this.#hasPassed
  }

  /** Settles as `work` does, or rejects when the deadline passes first. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed.promise])
  }

  /** Stops the timer. */
  clear(): void {
    this.#cancel()
  }
}
