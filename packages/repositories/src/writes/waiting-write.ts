import { err } from '@headwater/core'
import type { CallOptions, DeadlineExceeded, Result } from '@headwater/core'

/** What a caller says of a write, and when. */
export interface Asked {
  /** How the caller limits it. */
  readonly options: CallOptions
  /** When it was asked for, in monotonic milliseconds. */
  readonly sinceMs: number
}

/** One caller's write, which waits in a queue. It receives one answer: the first that is given. */
export class WaitingWrite<Request, Value, E> {
  /** What is asked for. */
  readonly request: Request
  /** How the caller limits it. */
  readonly options: CallOptions
  /** When it was asked for, in monotonic milliseconds. */
  readonly sinceMs: number
  readonly #answer = Promise.withResolvers<Result<Value, E | DeadlineExceeded>>()
  #isSettled = false

  constructor(request: Request, { options, sinceMs }: Asked) {
    this.request = request
    this.options = options
    this.sinceMs = sinceMs
    options.signal?.addEventListener('abort', this.#giveUp, { once: true })
    if (options.signal?.aborted === true) this.#giveUp()
  }

  /** Resolves with the answer. */
  get answer(): Promise<Result<Value, E | DeadlineExceeded>> {
    return this.#answer.promise
  }

  /** Whether the answer was given. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Leaves an abort to the transaction, which has this write for itself. */
  beginAlone(): void {
    this.options.signal?.removeEventListener('abort', this.#giveUp)
  }

  /** Gives the answer. */
  settle(answer: Result<Value, E | DeadlineExceeded>): void {
    this.beginAlone()
    this.#isSettled = true
    this.#answer.resolve(answer)
  }

  /** Rejects the answer with a programmer's mistake. */
  fail(mistake: unknown): void {
    this.beginAlone()
    this.#isSettled = true
    this.#answer.reject(mistake)
  }

  readonly #giveUp = (): void => {
    this.settle(err(givenUp))
  }
}

const givenUp: DeadlineExceeded = {
  type: 'deadline-exceeded',
  store: 'postgres',
  operation: 'transaction',
  deadlineMs: 0,
  message: 'the caller gave up; what shares a transaction with others may still be carried out',
  retryable: true,
}
