import { err, startTimer } from '@headwater/core'
import type { DeadlineExceeded, Result } from '@headwater/core'
import type { ValidEnrollRequest } from './enroll.ts'
import type { Enrollment, EnrollError } from './enrollment.ts'

/** Limits on how long a caller waits. */
export interface ArrivalLimits {
  /** End of the caller's time, by the monotonic clock. */
  readonly endsAt: number
  /** The caller's time from the arrival on, in milliseconds. */
  readonly deadlineMs: number
  /** Ends the wait early. */
  readonly signal: AbortSignal | undefined
}

/** A caller waiting for a seat. It receives one answer: the first that is given. */
export class Arrival {
  /** The seat asked for. */
  readonly request: ValidEnrollRequest
  /** End of the caller's time, by the monotonic clock. */
  readonly endsAt: number
  readonly #limits: ArrivalLimits
  readonly #answer = Promise.withResolvers<Result<Enrollment, EnrollError>>()
  readonly #cancelTimer: () => void
  #hasBegun = false
  #isSettled = false

  constructor(request: ValidEnrollRequest, limits: ArrivalLimits) {
    this.request = request
    this.endsAt = limits.endsAt
    this.#limits = limits
    this.#cancelTimer = startTimer(limits.deadlineMs, this.#giveUp)
    limits.signal?.addEventListener('abort', this.#giveUp, { once: true })
    if (limits.signal?.aborted === true) this.#giveUp()
  }

  /** Resolves with the answer. */
  get answer(): Promise<Result<Enrollment, EnrollError>> {
    return this.#answer.promise
  }

  /** Whether the answer was given. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /**
   * Marks the arrival as taken up by a batch. One that shares the batch's deadline waits for the
   * batch's answer, which is certain.
   */
  begin(deadline: 'own' | 'shared'): void {
    this.#hasBegun = true
    if (deadline === 'shared') this.#cancelTimer()
  }

  /** Gives the answer. */
  settle(answer: Result<Enrollment, EnrollError>): void {
    this.#end()
    this.#answer.resolve(answer)
  }

  /** Rejects the answer with a programmer's mistake. */
  fail(mistake: unknown): void {
    this.#end()
    this.#answer.reject(mistake)
  }

  readonly #giveUp = (): void => {
    this.settle(err(this.#tooLate()))
  }

  #end(): void {
    this.#isSettled = true
    this.#cancelTimer()
    this.#limits.signal?.removeEventListener('abort', this.#giveUp)
  }

  #tooLate(): DeadlineExceeded {
    const { deadlineMs, signal } = this.#limits
    const reason =
      signal?.aborted === true
        ? 'the caller gave up'
        : `PostgreSQL did not answer within ${Math.round(deadlineMs)} ms`
    const state = this.#hasBegun
      ? 'the seat may still be taken; enroll again to find out'
      : 'no seat was taken'
    return {
      type: 'deadline-exceeded',
      store: 'postgres',
      operation: 'enroll',
      deadlineMs,
      message: `${reason}: ${state}`,
      retryable: true,
    }
  }
}
