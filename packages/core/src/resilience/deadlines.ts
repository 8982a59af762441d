import type { Clock } from '../clock.ts'
import { longestTimerMs } from './timer.ts'

/** One running deadline. */
export interface RunningDeadline {
  /** When it passes, in time during which the event loop turned. */
  readonly dueMs: number
  /** What happens then. */
  readonly expire: () => void
}

/** A deadline passes after so many turns of the event loop at least. */
const slices = 4

/**
 * Many deadlines of one length on one timer: starting and ending one costs a set insertion and a
 * deletion, where a timer of its own would cost several times that. Deadlines of one length pass in
 * the order they were started.
 *
 * They run on the time that the other side had. While this process stands still it can neither send
 * a request nor read an answer, so a stall of the event loop counts for a quarter of the length at
 * most.
 */
export class Deadlines {
  /** Their length, in milliseconds. */
  readonly ms: number
  readonly #sliceMs: number
  readonly #clock: Clock
  readonly #running = new Set<RunningDeadline>()
  #timer: NodeJS.Timeout | undefined
  #passedMs = 0
  #lookedAtMs = 0

  constructor(ms: number, clock: Clock) {
    this.ms = ms
    this.#sliceMs = Math.min(ms / slices, longestTimerMs)
    this.#clock = clock
  }

  /** Starts a deadline; `expire` runs once unless it is ended before. */
  start(expire: () => void): RunningDeadline {
    const now = this.#clock.monotonic()
    if (this.#timer === undefined) {
      this.#lookedAtMs = now
      this.#timer = this.#wake(this.#sliceMs)
    }
    const deadline = { dueMs: this.#passedAt(now) + this.ms, expire }
    this.#running.add(deadline)
    return deadline
  }

  /** Ends a deadline and says whether it was still running. */
  end(deadline: RunningDeadline): boolean {
    return this.#running.delete(deadline)
  }

  #passedAt(now: number): number {
    return this.#passedMs + Math.min(now - this.#lookedAtMs, this.#sliceMs)
  }

  #wake(ms: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        // Timers run before sockets are read: the answers that have arrived go first.
        setImmediate(() => {
          this.#expireDue()
        })
      },
      Math.max(1, Math.ceil(ms)),
    )
  }

  #expireDue(): void {
    const now = this.#clock.monotonic()
    this.#passedMs = this.#passedAt(now)
    this.#lookedAtMs = now
    this.#timer = undefined
    const due: RunningDeadline[] = []
    for (const deadline of this.#running) {
      const leftMs = deadline.dueMs - this.#passedMs
      if (leftMs > 0) {
        this.#timer = this.#wake(Math.min(leftMs, this.#sliceMs))
        break
      }
      this.#running.delete(deadline)
      due.push(deadline)
    }
    for (const { expire } of due) expire()
  }
}
