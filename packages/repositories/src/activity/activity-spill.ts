import { randomUUID } from 'node:crypto'
import type { ResultAsync, SqlError, Stores } from '@headwater/core'
import type { ActivityEntry } from './activity-entry.ts'
import { deleteSpill, insertSpill, selectOwnSpill, selectSpill } from './activity-queries.ts'

/** A spilled entry. */
export interface SpilledEntry {
  /** Its number in the table. */
  readonly seq: string
  /** The entry. */
  readonly entry: ActivityEntry
}

/** The owner of spilled entries: this process, or any process, running or ended. */
export type SpillOwner = 'own' | 'any'

/**
 * Entries that wait in PostgreSQL, in order, while MongoDB does not take them. All processes share
 * it, and several may drain it at once: writing an entry is idempotent, and it is removed only
 * after it was written.
 */
export class ActivitySpill {
  readonly #stores: Stores
  readonly #maxSpilled: number
  readonly #origin = randomUUID()

  constructor(stores: Stores, maxSpilled: number) {
    this.#stores = stores
    this.#maxSpilled = maxSpilled
  }

  /** Appends all entries and returns `true`; none, and `false`, when the table is full. */
  append(entries: readonly ActivityEntry[]): ResultAsync<boolean, SqlError> {
    return this.#stores.postgres
      .query(insertSpill, [this.#origin, JSON.stringify(entries), this.#maxSpilled])
      .map((result) => result.rowCount !== 0)
  }

  /** Reads the oldest entries. */
  oldest(owner: SpillOwner, limit: number): ResultAsync<readonly SpilledEntry[], SqlError> {
    const [statement, values] =
      owner === 'own'
        ? ([selectOwnSpill, [this.#origin, limit]] as const)
        : ([selectSpill, [limit]] as const)
    return this.#stores.postgres
      .query<{ seq: string; entry: ActivityEntry }>(statement, values)
      .map(({ rows }) => rows)
  }

  /** Removes entries that have been written to MongoDB. */
  remove(entries: readonly SpilledEntry[]): ResultAsync<unknown, SqlError> {
    return this.#stores.postgres.query(deleteSpill, [entries.map(({ seq }) => seq)])
  }
}
