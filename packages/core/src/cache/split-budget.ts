import type { Clock } from '../clock.ts'

const longestMs = 1_000

/**
 * Bounds the loads that find the bad ids of a batch: enough to find one bad id, and two where they
 * lie well, within a second. A loader that fails for every id must not be called for each of them.
 */
export class SplitBudget {
  readonly #clock: Clock
  readonly #endsAt: number
  #loads: number

  constructor(clock: Clock, rows: number) {
    this.#clock = clock
    this.#endsAt = clock.monotonic() + longestMs
    this.#loads = 2 * Math.ceil(Math.log2(rows)) + 8
  }

  /** Whether another load is allowed. */
  get isLeft(): boolean {
    return this.#loads > 0 && this.#clock.monotonic() < this.#endsAt
  }

  /** Takes one load from the budget; `false` when none is left. */
  take(): boolean {
    if (!this.isLeft) return false
    this.#loads -= 1
    return true
  }
}
