import type { Stores } from '@headwater/core'

/** Counts held and released keys, so that a round can wait for the end of its invalidation. */
export class Invalidations {
  #pending = 0
  #onSettled: (() => void) | undefined

  constructor({ diagnostics }: Stores) {
    diagnostics.on('invalidation:hold', ({ keys }) => {
      this.#pending += keys
    })
    diagnostics.on('invalidation:release', ({ keys }) => {
      this.#pending -= keys
      if (this.#pending === 0) this.#onSettled?.()
    })
  }

  /** Resolves once every held key is released. */
  async settled(): Promise<void> {
    if (this.#pending !== 0)
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve
      })
  }
}
