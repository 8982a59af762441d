import { err, ok, systemClock, within } from '@headwater/core'
import type { AsyncResult, Result } from '@headwater/core'

/** Why a figure is not there. */
interface Reason {
  readonly message: string
}

/** Time for which a figure is shown, and time to count it, in milliseconds. */
const keptMs = 30_000
const countMs = 10_000
/** Time after which it is counted anew, in milliseconds. */
const givenUpMs = 12_000

/**
 * A figure that a store counts for a while: counted once for all who look, not again for half a
 * minute, and shown to whoever looks once it is there.
 */
export class SlowFigure<T> {
  readonly #count: (signal: AbortSignal) => AsyncResult<T, Reason>
  readonly #givenUpMs: number
  #last: { readonly atMs: number; readonly value: T } | undefined
  #flight: Promise<Result<T, Reason>> | undefined

  /** The signal ends what takes too long; what does not heed it is given up. */
  constructor(count: (signal: AbortSignal) => AsyncResult<T, Reason>, waitMs = givenUpMs) {
    this.#count = count
    this.#givenUpMs = waitMs
  }

  /** The figure, or its count that is under way. */
  async latest(): Promise<Result<T, Reason>> {
    const last = this.#last
    if (last !== undefined && systemClock.monotonic() - last.atMs < keptMs) return ok(last.value)
    this.#flight ??= this.#counted().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #counted(): Promise<Result<T, Reason>> {
    try {
      const signal = AbortSignal.timeout(countMs)
      const counting = Promise.resolve(this.#count(signal))
      const counted = await within(counting, this.#givenUpMs, late)
      if (counted.isOk()) this.#last = { atMs: systemClock.monotonic(), value: counted.value }
      return counted
    } catch (error) {
      return err({ message: error instanceof Error ? error.message : String(error) })
    }
  }
}

function late(): Result<never, Reason> {
  return err({ message: 'it could not be counted in time' })
}
