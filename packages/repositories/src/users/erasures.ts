import { okAsync, ResultAsync } from '@headwater/core'
import type { MongodbStore, SqlError, StoreError, Stores } from '@headwater/core'
import { pseudonymiseAll } from './pseudonymise.ts'
import { selectErasures } from './erasure-queries.ts'
import type { ErasureRow } from './erasure-queries.ts'

/** Time for which ids are collected before PostgreSQL is asked about them, in milliseconds. */
const collectMs = 1_000

/**
 * Pseudonymises documents that were written late about a deleted user. Every writer of documents
 * reports the users after writing. A deletion is committed before the log is pseudonymised, so
 * either that finds the document or the writer finds the deletion.
 */
export class Erasures {
  readonly #stores: Stores
  readonly #mongodb: MongodbStore
  #collected = new Set<number>()
  #timer: NodeJS.Timeout | undefined

  constructor(stores: Stores, mongodb: MongodbStore) {
    this.#stores = stores
    this.#mongodb = mongodb
  }

  /**
   * Pseudonymises the deleted among users whose activity has just been written. One PostgreSQL
   * round trip.
   */
  follow(userIds: Iterable<number | null>): ResultAsync<void, SqlError | StoreError> {
    const ids = [...new Set(userIds)].filter((id) => id !== null && id > 0)
    if (ids.length === 0) return okAsync(undefined)
    return this.#stores.postgres
      .query<ErasureRow>(selectErasures, [ids])
      .andThen(({ rows }) => this.#pseudonymise(rows))
  }

  /**
   * Calls {@link follow} within a second for many writes together. A failure is reported and tried
   * again each second.
   */
  followSoon(userIds: Iterable<number | null>): void {
    for (const id of userIds) if (id !== null && id > 0) this.#collected.add(id)
    if (this.#collected.size > 0) this.#collect()
  }

  /** Follows the collected users at once. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const ids = this.#collected
    this.#collected = new Set()
    const followed = await this.follow(ids)
    if (followed.isOk()) return
    this.#stores.diagnostics.emit('store:error', {
      store: followed.error.store,
      error: followed.error,
    })
    if (!this.#stores.isClosing) this.followSoon(ids)
  }

  #collect(): void {
    this.#timer ??= setTimeout(() => {
      void this.flush()
    }, collectMs).unref()
  }

  #pseudonymise(rows: readonly ErasureRow[]): ResultAsync<void, StoreError> {
    const users = rows.map((row) => ({ userId: row.user_id, pseudonym: Number(row.pseudonym) }))
    if (users.length === 0) return okAsync(undefined)
    return new ResultAsync(pseudonymiseAll(this.#mongodb, users))
  }
}
