import type { Abortable } from '../call-options.ts'
import { systemClock } from '../clock.ts'
import type { DeadlineExceeded } from '../errors.ts'
import { givenUp } from '../failure/given-up.ts'
import { startTimer } from '../resilience/timer.ts'

/** What ends a transaction from outside. */
export interface DeadlineOptions extends Abortable {
  readonly deadlineMs: number
}

/**
 * The time limit of a transaction. When it has passed, or the caller has aborted, `cut` is called
 * once and every race is lost.
 */
export class Deadline {
  readonly #options: DeadlineOptions
  readonly #cut: () => void
  readonly #cancel: () => void
  readonly #startedAt = systemClock.monotonic()
  readonly #passed = Promise.withResolvers<never>()
  #failure: DeadlineExceeded | undefined

  constructor(options: DeadlineOptions, cut: () => void) {
    this.#options = options
    this.#cut = cut
    this.#passed.promise.catch(() => undefined)
    this.#cancel = startTimer(options.deadlineMs, this.#pass)
    options.signal?.addEventListener('abort', this.#pass, { once: true })
    if (options.signal?.aborted === true) this.#pass()
  }

  /** The failure for the caller. */
  get failure(): DeadlineExceeded {
    return this.#failure ?? failureOf(this.#options)
  }

  /** Whether the time limit has passed. */
  get hasPassed(): boolean {
    return this.#failure !== undefined
  }

  /**
   * Whether the time is up. A process that stalled may hear of it from the server first, which ends
   * the transaction then.
   */
  get isOver(): boolean {
    const { deadlineMs } = this.#options
    return this.hasPassed || systemClock.monotonic() - this.#startedAt >= deadlineMs
  }

  /** Settles as `work` does, or rejects when the deadline passes first. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#passed.promise])
  }

  /** Lets the caller abort no more: what is being committed is not given up. */
  beginCommit(): void {
    this.#options.signal?.removeEventListener('abort', this.#pass)
  }

  /** Stops the timer. */
  clear(): void {
    this.#cancel()
    this.beginCommit()
  }

  readonly #pass = (): void => {
    if (this.#failure !== undefined) return
    this.#failure = failureOf(this.#options)
    this.#cut()
    this.#passed.reject(this.#failure)
  }
}

function failureOf({ deadlineMs, signal }: DeadlineOptions): DeadlineExceeded {
  const transaction = { store: 'postgres', operation: 'transaction' } as const
  if (signal?.aborted === true) return givenUp(transaction, deadlineMs)
  return {
    type: 'deadline-exceeded',
    ...transaction,
    deadlineMs,
    message: `the transaction did not end within ${Math.round(deadlineMs)} ms and was rolled back`,
    retryable: true,
  }
}
