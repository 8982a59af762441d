import type { Clock } from '@headwater/core'

/** How often it is looked whether time has passed unnoticed, in milliseconds. */
const lookEveryMs = 20

/** Notices for how long this process stood still: on a busy machine, answers wait for it. */
export class Stalls {
  readonly #clock: Clock
  readonly #timer: NodeJS.Timeout
  #lookedMs: number
  #stalledMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lookedMs = clock.monotonic()
    this.#timer = setInterval(() => {
      this.#look()
    }, lookEveryMs).unref()
  }

  /** Time of all stalls so far, in milliseconds. */
  get stalledMs(): number {
    this.#look()
    return this.#stalledMs
  }

  /** Stops looking. */
  end(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const nowMs = this.#clock.monotonic()
    const lateMs = nowMs - this.#lookedMs - lookEveryMs
    this.#lookedMs = nowMs
    if (lateMs > lookEveryMs) this.#stalledMs += lateMs
  }
}
