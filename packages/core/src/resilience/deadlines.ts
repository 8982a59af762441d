import type { Clock } from '../clock.ts'

/** One running deadline. */
export interface RunningDeadline {
  /** When it passes, on the monotonic clock. */
  readonly dueMs: number
  /** What happens then. */
  readonly expire: () => void
}

const longestTimerMs = 2 ** 31 - 1

/**
 * Many deadlines of one length on one timer: starting and ending one costs a set insertion and a
 * deletion, where a timer of its own would cost several times that. Deadlines of one length pass in
 * the order they were started, so the timer only ever waits for the oldest.
 */
export class Deadlines {
  /** Their length, in milliseconds. */
  readonly ms: number
  readonly #clock: Clock
  readonly #running = new Set<RunningDeadline>()
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, clock: Clock) {
    this.ms = ms
    this.#clock = clock
  }

  /** Starts a deadline; `expire` runs once unless it is ended before. */
  start(expire: () => void): RunningDeadline {
    const deadline = { dueMs: this.#clock.monotonic() + this.ms, expire }
    this.#running.add(deadline)
    this.#timer ??= this.#wake(this.ms)
    return deadline
  }

  /** Ends a deadline and says whether it was still running. */
  end(deadline: RunningDeadline): boolean {
    return this.#running.delete(deadline)
  }

  #wake(ms: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        // Timers run before sockets are read: after a stall of the event loop the answer may be
        // there already, so the sockets go first.
        setImmediate(() => {
          this.#expireDue()
        })
      },
      Math.min(Math.max(1, Math.ceil(ms)), longestTimerMs),
    )
  }

  #expireDue(): void {
    const now = this.#clock.monotonic()
    this.#timer = undefined
    for (const deadline of this.#running) {
      if (deadline.dueMs > now) {
        this.#timer ??= this.#wake(deadline.dueMs - now)
        return
      }
      this.#running.delete(deadline)
      deadline.expire()
    }
  }
}
