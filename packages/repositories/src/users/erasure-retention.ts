import type { ResultAsync, SqlError, Stores } from '@headwater/core'
import { deleteOldErasures } from './erasure-queries.ts'
import { deleteOldOrigins } from './origin-queries.ts'
import type { ErasureOptions } from './erasure-options.ts'

const hourMs = 3_600_000

/** Removes the links from deleted users to their pseudonyms, once no one needs them any more. */
export class ErasureRetention {
  readonly #stores: Stores
  readonly #retentionDays: number

  constructor(stores: Stores, { retentionDays }: Required<ErasureOptions>) {
    this.#stores = stores
    this.#retentionDays = retentionDays
  }

  /** Removes old links every hour until the stores are closed. A failure is reported. */
  start(): void {
    const timer = setInterval(() => void this.#expireAndReport(), hourMs).unref()
    this.#stores.beforeClose(() => {
      clearInterval(timer)
      return Promise.resolve()
    })
  }

  /** Removes old links, and origins that no sink has taken. Two PostgreSQL round trips. */
  expire(): ResultAsync<unknown, SqlError> {
    const { postgres } = this.#stores
    return postgres
      .query(deleteOldErasures, [this.#retentionDays])
      .andThen(() => postgres.query(deleteOldOrigins, [this.#retentionDays]))
  }

  async #expireAndReport(): Promise<void> {
    const expired = await this.expire()
    if (expired.isErr())
      this.#stores.diagnostics.emit('store:error', { store: 'postgres', error: expired.error })
  }
}
