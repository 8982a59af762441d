import type { ResultAsync } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'

/** Reads new profiles into the cache. Nobody waits for it but `close`, and its failure is none. */
export class ProfileWarming {
  readonly #context: RepositoryContext
  readonly #underWay = new Set<ResultAsync<unknown, unknown>>()

  constructor(context: RepositoryContext) {
    this.#context = context
    context.stores.beforeClose(async () => {
      await Promise.all(this.#underWay)
    })
  }

  /** Begins the ordinary read of a profile. */
  warm(id: number): void {
    const read = this.#context.caches.users.get(id)
    this.#underWay.add(read)
    void read.then(() => this.#underWay.delete(read))
  }
}
