import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import { ok, type Result, type ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import {
  countShardsSql,
  eventIdsSql,
  holdPurgeSql,
  raiseFencesSql,
  rewindSql,
  undeliveredSql,
  type UndeliveredRow,
} from './after-restore-queries.ts'
import { leastIdAt } from './log/event-id.ts'
import { unhurried } from './unhurried.ts'

/** What the log of a restored PostgreSQL holds. */
export interface RestoredLog {
  /** Whether it holds an event. Only for events with ids of the stretch that was read. */
  has(eventId: string): boolean
}

/** Reads the ids of the events of a stretch of time. Goes through the log once. */
export function readRestoredLog(
  stores: Pick<Stores, 'postgres'>,
  { from, until }: { readonly from: Date; readonly until: Date },
): ResultAsync<RestoredLog, SqlError> {
  return unhurried(stores, async (sql) => {
    const { rows } = await sql.query<{ id: string }>(eventIdsSql, [
      leastIdAt(from),
      leastIdAt(until),
    ])
    const ids = new Set(rows.map(({ id }) => id))
    return ok({ has: (id: string) => ids.has(id) })
  })
}

/** The number of shards of all sinks. One round trip. */
export function countShards({ postgres }: Pick<Stores, 'postgres'>): ResultAsync<number, SqlError> {
  return postgres.query<{ count: number }>(countShardsSql).map(({ rows }) => rows[0]?.count ?? 0)
}

/**
 * Counts the events that each sink has not passed; without those that have passed all. Goes through
 * the part of the log that they have not passed.
 */
export function countUndelivered(
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<readonly UndeliveredRow[], SqlError> {
  return unhurried(stores, async (sql) => {
    const { rows } = await sql.query<UndeliveredRow>(undeliveredSql)
    return ok(rows)
  })
}

/**
 * Gives every shard a fence that no owner of a lost future had, and takes it from its owner.
 * Returns the number of shards. One round trip.
 */
export function raiseFences({ postgres }: Pick<Stores, 'postgres'>): ResultAsync<number, SqlError> {
  return postgres.query(raiseFencesSql).map(({ rowCount }) => rowCount ?? 0)
}

/**
 * Makes relays deliver all that the log still holds to these sinks again, also those that are under
 * way. `look` sees the log first, in the same transaction: nothing that it sees is purged before it
 * was delivered. Its failure leaves everything as it was.
 */
export function rewindSinks<T, E>(
  stores: Pick<Stores, 'postgres'>,
  sinks: readonly string[],
  look: (sql: SqlClient) => Promise<Result<T, E>>,
): ResultAsync<T, E | SqlError> {
  return unhurried(stores, async (sql) => {
    await sql.query(holdPurgeSql)
    const seen = await look(sql)
    if (seen.isOk()) await sql.query(rewindSql, [sinks])
    return seen
  })
}
