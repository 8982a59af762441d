import { systemClock } from '@headwater/core'
import type { Failure, Result } from '@headwater/core'

/** What a view answers. */
export type ShownView = Promise<Result<unknown, Failure<string>>>

/** Time for which an answer is shown to others as well, in milliseconds. */
const keptMs = 1_000
/** Time after which what was not answered is asked anew, in milliseconds. */
const givenUpMs = 10_000

interface Kept {
  readonly atMs: number
  readonly shown: ShownView
  isSettled: boolean
}

/** The answers of the last second: many who look ask the stores no more than one does. */
export class SharedViews {
  readonly #kept = new Map<string, Kept>()

  /** The answer that is there or under way, or that of `work`. */
  show(name: string, work: () => ShownView): ShownView {
    this.#drop()
    const own = this.#kept.get(name)
    if (own !== undefined) return own.shown
    const kept: Kept = { atMs: systemClock.monotonic(), shown: work(), isSettled: false }
    const settle = () => {
      kept.isSettled = true
    }
    kept.shown.then(settle, settle)
    this.#kept.set(name, kept)
    return kept.shown
  }

  /** What was done may have changed them all. */
  forget(): void {
    this.#kept.clear()
  }

  #drop(): void {
    const now = systemClock.monotonic()
    for (const [name, { atMs, isSettled }] of this.#kept)
      if (now - atMs >= (isSettled ? keptMs : givenUpMs)) this.#kept.delete(name)
  }
}
