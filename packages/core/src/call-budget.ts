import type { CallOptions } from './call-options.ts'
import type { Clock } from './clock.ts'

/** The time that a call of several requests has, handed out request by request. */
export class CallBudget {
  readonly #clock: Clock
  readonly #options: CallOptions
  readonly #endsMs: number | undefined

  constructor(clock: Clock, options: CallOptions = {}) {
    this.#clock = clock
    this.#options = options
    this.#endsMs =
      options.deadlineMs === undefined ? undefined : clock.monotonic() + options.deadlineMs
  }

  /** The options of a request that begins now: the whole call's, with the time that is left. */
  left(): CallOptions {
    return this.#endsMs === undefined
      ? this.#options
      : { ...this.#options, deadlineMs: Math.max(1, this.#endsMs - this.#clock.monotonic()) }
  }
}
