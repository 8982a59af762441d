import { err } from '@headwater/core'
import type { DeadlineExceeded, Result } from '@headwater/core'
import type { ValidEnrollRequest } from './enroll.ts'
import type { Enrollment, EnrollError } from './enrollment.ts'

/** How long a caller waits. */
export interface ArrivalLimits {
  /** When the time is over, by the monotonic clock. */
  readonly endsAt: number
  /** How long that is from the arrival, in milliseconds. */
  readonly deadlineMs: number
  /** Ends the wait early. */
  readonly signal: AbortSignal | undefined
}

/** A caller who waits for a place: gets one answer, the first that is given. */
export class Arrival {
  /** What is asked for. */
  readonly request: ValidEnrollRequest
  /** When the caller's time is over. */
  readonly endsAt: number
  readonly #limits: ArrivalLimits
  readonly #answer = Promise.withResolvers<Result<Enrollment, EnrollError>>()
  readonly #timer: NodeJS.Timeout
  #hasBegun = false
  #isSettled = false

  constructor(request: ValidEnrollRequest, limits: ArrivalLimits) {
    this.request = request
    this.endsAt = limits.endsAt
    this.#limits = limits
    this.#timer = setTimeout(this.#giveUp, limits.deadlineMs)
    limits.signal?.addEventListener('abort', this.#giveUp, { once: true })
    if (limits.signal?.aborted === true) this.#giveUp()
  }

  /** The answer, once there is one. */
  get answer(): Promise<Result<Enrollment, EnrollError>> {
    return this.#answer.promise
  }

  /** Whether the answer was given. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /**
   * A batch takes it up. Where it shares the batch's deadline it waits for the batch's answer,
   * which is certain.
   */
  begin(deadline: 'own' | 'shared'): void {
    this.#hasBegun = true
    if (deadline === 'shared') clearTimeout(this.#timer)
  }

  /** Answers. */
  settle(answer: Result<Enrollment, EnrollError>): void {
    this.#end()
    this.#answer.resolve(answer)
  }

  /** Passes a mistake on. */
  fail(mistake: unknown): void {
    this.#end()
    this.#answer.reject(mistake)
  }

  readonly #giveUp = (): void => {
    this.settle(err(this.#tooLate()))
  }

  #end(): void {
    this.#isSettled = true
    clearTimeout(this.#timer)
    this.#limits.signal?.removeEventListener('abort', this.#giveUp)
  }

  #tooLate(): DeadlineExceeded {
    const { deadlineMs, signal } = this.#limits
    const reason =
      signal?.aborted === true
        ? 'the caller gave up'
        : `there was no answer within ${deadlineMs} ms`
    const state = this.#hasBegun
      ? 'the place may still be taken, and asking again tells'
      : 'no place was taken'
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
