import { randomUUID } from 'node:crypto'
import type { ResultAsync, SqlError, Stores } from '@headwater/core'
import type { ActivityEntry } from './activity-entry.ts'
import { deleteSpill, insertSpill, selectOwnSpill, selectSpill } from './activity-queries.ts'

/** An entry that waits in PostgreSQL. */
export interface SpilledEntry {
  /** Its place in the table. */
  readonly seq: string
  /** The entry. */
  readonly entry: ActivityEntry
}

/**
 * Whose entries are asked for: those that this process has spilled, or also those of all others,
 * living and dead.
 */
export type SpillOwner = 'own' | 'anybody'

/**
 * Where entries wait in PostgreSQL, in order, while MongoDB does not take them. All processes share
 * it; several may drain it at once, since writing an entry twice has the effect of writing it once,
 * and an entry is removed only when it is written.
 */
export class ActivitySpill {
  readonly #stores: Stores
  readonly #maxSpilled: number
  readonly #origin = randomUUID()

  constructor(stores: Stores, maxSpilled: number) {
    this.#stores = stores
    this.#maxSpilled = maxSpilled
  }

  /** Appends all entries, or none: then the table is full and `false` the answer. */
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

  /** Removes entries that MongoDB has. */
  remove(entries: readonly SpilledEntry[]): ResultAsync<unknown, SqlError> {
    return this.#stores.postgres.query(deleteSpill, [entries.map(({ seq }) => seq)])
  }
}
