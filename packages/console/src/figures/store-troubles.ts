import type { Diagnostics } from '@headwater/core'

/**
 * What of each store is bypassed although it may answer, and how often this process did without
 * one.
 */
export class StoreTroubles {
  #doneWithout = 0
  #drift = 0
  readonly #open = new Map<string, string>()
  readonly #subscriptions: readonly (() => void)[]

  constructor(diagnostics: Diagnostics) {
    this.#subscriptions = [
      diagnostics.on('breaker:transition', ({ store, state, use }) => {
        const name = use === undefined ? store : `${store} ${use}`
        if (state === 'closed') this.#open.delete(name)
        else this.#open.set(name, store)
      }),
      diagnostics.on('activity:flush', ({ count, outcome }) => {
        if (outcome === 'spilled') this.#doneWithout += count
      }),
      diagnostics.on('rate-limit:fallback', () => {
        this.#doneWithout += 1
      }),
      diagnostics.on('search:verified', ({ missing, orphaned, stale, wrongGeneration }) => {
        this.#drift = missing + orphaned + stale + wrongGeneration
      }),
    ]
  }

  /** Activity that went to PostgreSQL instead of MongoDB, and limits that memory decided. */
  get doneWithout(): number {
    return this.#doneWithout
  }

  /** Records that differed when the index was last compared; 0 before it was. */
  get drift(): number {
    return this.#drift
  }

  /** The names of the breakers of a store that are not closed. */
  bypassed(store: string): readonly string[] {
    return [...this.#open].filter(([, of]) => of === store).map(([name]) => name)
  }

  stop(): void {
    for (const end of this.#subscriptions) end()
  }
}
