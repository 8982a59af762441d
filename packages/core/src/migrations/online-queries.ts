import { quoteIdentifier } from '../stores/postgres/statements.ts'
import type { ChangeInBatches } from './online-file.ts'

/**
 * Begins the transaction that holds the lock of online files. It keeps no snapshot, so no index
 * that is being built waits for it, whatever the role's default isolation is.
 */
export const beginOnlineLock = `
  BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0`

// Without parameters: the portal of a statement that has some keeps its snapshot to the end of the
// transaction.
const onlineLock = `hashtextextended('@schema.online migrations', 0)`

/** Takes the lock of online files where no other process has it. */
export const tryOnlineLock = `
  SELECT pg_try_advisory_xact_lock(${onlineLock}) AS "isTaken"`

/** Waits for the lock of online files. */
export const takeOnlineLock = `SELECT pg_advisory_xact_lock(${onlineLock})`

/** Lets the statements of a connection take as long as they need. */
export const takeAllTime = 'SET statement_timeout = 0; SET lock_timeout = 0'

/**
 * Waits until nobody builds or drops an index of a table, such as a server that has not noticed
 * that its client is gone. LOCK takes no snapshot, so that whoever builds need not wait in turn.
 */
export const awaitBuilders = (table: string): string =>
  `BEGIN; LOCK TABLE ${table} IN SHARE UPDATE EXCLUSIVE MODE; COMMIT`

/** Finds an index, and whether it was built to its end. */
export const selectIndex = (index: string): string => `
  SELECT indisvalid AS "isValid"
  FROM pg_index
  WHERE indexrelid = to_regclass('${index}')`

/** Drops an index while its table is written. */
export const dropIndex = (index: string): string => `DROP INDEX CONCURRENTLY IF EXISTS ${index}`

/** The first and the last key of the batch behind $1; null behind the last row. */
export const selectBatch = ({ table, key, size }: ChangeInBatches): string => `
  SELECT min(batch.key)::text AS first, max(batch.key)::text AS last
  FROM (
    SELECT ${quoteIdentifier(key)} AS key
    FROM ${table}
    WHERE ${quoteIdentifier(key)} > $1::bigint
    ORDER BY ${quoteIdentifier(key)}
    LIMIT ${size}
  ) AS batch`

/** Whether a table has no rows. */
export const selectIsEmpty = (table: string): string => `
  SELECT NOT EXISTS (SELECT FROM ${table}) AS "isEmpty"`

/** About how many rows a table has; no row where there is no such table. */
export const selectRows = (table: string): string => `
  SELECT greatest(reltuples, 0)::float8 AS rows
  FROM pg_class
  WHERE oid = to_regclass('${table}')`

/** A step's statement within a transaction. */
export function atOnce(text: string): string {
  return text.replace(/\bINDEX CONCURRENTLY\b/i, 'INDEX')
}
