import type { Clock } from '../clock.ts'

const everyMs = 100

/** Measures how late a timer is, until it is stopped, on whatever runtime. */
export class LoopLag {
  readonly #clock: Clock
  readonly #timer: NodeJS.Timeout
  #dueMs: number
  #count = 0
  #sumMs = 0
  #maxMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#dueMs = clock.monotonic() + everyMs
    this.#timer = setInterval(() => {
      this.#note()
    }, everyMs).unref()
  }

  toMetric(): { readonly meanLagMs: number; readonly maxLagMs: number } {
    return { meanLagMs: this.#count === 0 ? 0 : this.#sumMs / this.#count, maxLagMs: this.#maxMs }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #note(): void {
    const now = this.#clock.monotonic()
    const lagMs = Math.max(0, now - this.#dueMs)
    this.#dueMs = now + everyMs
    this.#count += 1
    this.#sumMs += lagMs
    this.#maxMs = Math.max(this.#maxMs, lagMs)
  }
}
