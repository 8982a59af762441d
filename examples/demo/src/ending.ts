import { setTimeout as after } from 'node:timers/promises'

/** After this much everything is left to its guards: no server outlives this process. */
const deadlineMs = 15_000

/**
 * What has to be ended, in the order in which it was begun; ended once, backwards, on whichever way
 * the demo ends.
 */
export class Ending {
  /** Whether a signal is how the demo is meant to end from now on. */
  isExpected = false
  readonly #steps: (() => Promise<unknown>)[] = []
  readonly #begin = Promise.withResolvers<void>()
  #ended: Promise<void> | undefined

  /** Whether it is over, or about to be. */
  get hasBegun(): boolean {
    return this.#ended !== undefined
  }

  /** Resolves when something begins to end it. */
  untilBegun(): Promise<void> {
    return this.#begin.promise
  }

  /**
   * Has `step` called at the end, before those that were added earlier; at once when the end has
   * begun.
   */
  add(step: () => Promise<unknown>): void {
    if (this.hasBegun) void step()
    else this.#steps.push(step)
  }

  /** Ends everything. Never rejects. */
  end(): Promise<void> {
    this.#ended ??= Promise.race([this.#run(), after(deadlineMs, undefined, { ref: false })])
    this.#begin.resolve()
    return this.#ended
  }

  async #run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step().catch(() => undefined)
  }
}
