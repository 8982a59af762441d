import { settingMs } from '../stores/postgres/setting-ms.ts'
import { quoteIdentifier } from '../stores/postgres/statements.ts'

/** Begins the one transaction of a run, which waits up to `lockWaitMs` for a lock. */
export const beginRun = (lockWaitMs: number): string =>
  `BEGIN; SET LOCAL statement_timeout = 0; ${limitLockWait(lockWaitMs)}`

/** Limits the time that the statements to come wait for a lock. */
export const limitLockWait = (ms: number): string => `SET LOCAL lock_timeout = ${settingMs(ms)}`

/** Waits until no other process migrates under this name. */
export const lockRuns = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'

/** Finds the schema. */
export const selectSchema = 'SELECT 1 FROM pg_namespace WHERE nspname = $1'

/** Creates the schema. */
export const createSchema = (name: string): string =>
  `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(name)}`

const historyOf = (set: string): string => `@schema.headwater_${set}_migrations`

/** Finds the table that remembers what was applied of a set. */
export const selectHistoryTable = (set: string): string => `
  SELECT to_regclass('${historyOf(set)}') IS NOT NULL AS "isThere"`

/** Creates the table that remembers what was applied of a set. */
export const createHistory = (set: string): string => `
  CREATE TABLE ${historyOf(set)} (
    name text COLLATE "C" PRIMARY KEY,
    hash text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`

/** The files that were applied of a set, in the order of their names. */
export const selectHistory = (set: string): string => `
  SELECT name, hash
  FROM ${historyOf(set)}
  ORDER BY name`

/** Remembers that a file was applied. */
export const insertHistory = (set: string): string => `
  INSERT INTO ${historyOf(set)} (name, hash)
  VALUES ($1, $2)`
