import { randomUUID } from 'node:crypto'
import { okAsync } from '@headwater/core'
import type { CallOptions, ResultAsync, SqlError, Stores } from '@headwater/core'
import type { ActivityEntry } from './activity-entry.ts'
import {
  deleteSpill,
  insertSpill,
  selectBacklog,
  selectOwnSpill,
  selectSpill,
  selectSpillStatus,
} from './activity-queries.ts'

/** A spilled entry. */
export interface SpilledEntry {
  /** Its number in the table. */
  readonly seq: string
  /** The entry. */
  readonly entry: ActivityEntry
}

/** The activity of all processes that waits in PostgreSQL while MongoDB does not take it. */
export interface SpillStatus {
  /** Number of entries. */
  readonly entries: number
  /** How much of `limit` is in use: entries that were written already between others count too. */
  readonly used: number
  /** Number from which further activity is dropped: `maxSpilled`. */
  readonly limit: number
  /** When the oldest of them was spilled; absent when there is none. */
  readonly oldestAt?: Date
  /** Size of the table on disk with its indexes, in bytes. */
  readonly bytes: number
}

/** Reads what waits in PostgreSQL. One round trip, which counts every entry. */
export function readSpillStatus({
  stores,
  maxSpilled,
}: {
  readonly stores: Stores
  readonly maxSpilled: number
}): ResultAsync<SpillStatus, SqlError> {
  return stores.postgres.query<SpillRow>(selectSpillStatus).map(({ rows: [row] }) => ({
    entries: row?.entries ?? 0,
    used: row?.used ?? 0,
    limit: maxSpilled,
    ...(row?.oldest_at == null ? {} : { oldestAt: row.oldest_at }),
    bytes: row?.bytes ?? 0,
  }))
}

interface SpillRow {
  readonly entries: number
  readonly used: number
  readonly oldest_at: Date | null
  readonly bytes: number
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

/** Activity that is not in MongoDB yet. */
export interface ActivityBacklog {
  /** Entries that this process holds. */
  readonly buffered: number
  /**
   * About how many entries of all processes wait in PostgreSQL: those between the oldest and the
   * newest, written ones among them where an old one stays.
   */
  readonly spilled: number
  /** How long the oldest of those waits, in milliseconds; 0 without any. */
  readonly oldestSpilledMs: number
  /** Number of entries in PostgreSQL from which further activity is dropped. */
  readonly maxSpilled: number
}

interface BacklogDeps {
  readonly stores: Stores
  readonly buffer: { readonly length: number } | undefined
  readonly maxSpilled: number
}

/** Reads how much waits, from both ends of an index. */
export function readBacklog(
  { stores, buffer, maxSpilled }: BacklogDeps,
  options?: CallOptions,
): ResultAsync<ActivityBacklog, SqlError> {
  if (buffer === undefined)
    return okAsync({ buffered: 0, spilled: 0, oldestSpilledMs: 0, maxSpilled })
  return stores.postgres
    .query<{ spilled: number; oldest_ms: number }>(selectBacklog, undefined, options)
    .map(({ rows }) => ({
      buffered: buffer.length,
      spilled: rows[0]?.spilled ?? 0,
      oldestSpilledMs: rows[0]?.oldest_ms ?? 0,
      maxSpilled,
    }))
}
