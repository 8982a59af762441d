import type { SqlError } from './errors.ts'
import {
  applyMigrations,
  type LoadedSet,
  type MigrationFailed,
  MigrationStopped,
} from './migrations/apply-migrations.ts'
import { type MigrationSet, readMigrations } from './migrations/migration-set.ts'
import { err, ok, type Result, ResultAsync } from './result.ts'
import { openDirectPostgres } from './stores/postgres/postgres-direct.ts'
import { quoteIdentifier } from './stores/postgres/statements.ts'
import { type PostgresConnection, type PostgresStore } from './stores/postgres/postgres-store.ts'
import { FailureError } from './failure-error.ts'
import { type Stores } from './connect/stores.ts'

/** The tables of core itself: outbox, cursors, intents. */
export const coreMigrations: MigrationSet = {
  name: 'core',
  directory: new URL('../migrations/', import.meta.url),
}

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /**
   * Further sets, applied after core's own and in this order.
   *
   * @defaultValue `[]`
   */
  readonly sets?: readonly MigrationSet[]
  /**
   * URL of a direct connection, where the stores are connected through a pooler in transaction
   * mode.
   *
   * @defaultValue a connection of the stores
   */
  readonly url?: string
  /**
   * How long to wait for another process that is migrating, in milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly waitMs?: number
  /**
   * How long a statement may wait for a lock that the application holds, in milliseconds;
   * everything that comes after it in the lock's queue waits as long.
   *
   * @defaultValue `10_000`
   */
  readonly lockTimeoutMs?: number
}

/** Defaults of {@link MigrateOptions}. */
export const migrateDefaults = {
  waitMs: 60_000,
  lockTimeoutMs: 10_000,
} as const satisfies MigrateOptions

/** What a run of {@link migrate} did. */
export interface MigrationReport {
  /** The files that were applied, as `set/file`, in order; empty when there was nothing to do. */
  readonly applied: readonly string[]
}

/**
 * Brings the schema up to date: all pending files of all sets in one transaction, so that either
 * everything is applied or nothing. Any number of processes may call it at once: one applies, the
 * others wait and find nothing to do. Creates the schema when it is missing. Refuses files that
 * were changed after they had been applied, and new files that sort before those.
 *
 * @example
 * ```ts
 * orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
 * ```
 */
export function migrate(
  stores: Stores,
  options: MigrateOptions = {},
): ResultAsync<MigrationReport, MigrationFailed | SqlError> {
  return new ResultAsync(run(stores, options))
}

async function run(
  stores: Stores,
  options: MigrateOptions,
): Promise<Result<MigrationReport, MigrationFailed | SqlError>> {
  const direct = options.url === undefined ? undefined : openDirectPostgres(options.url, stores)
  try {
    const sets = await loadAll([coreMigrations, ...(options.sets ?? [])])
    const postgres = direct ?? stores.postgres
    const applied = await postgres.withConnection(
      (connection) => applyAll(connection, { ...migrateDefaults, ...options, sets, postgres }),
      { deadlineMs: Infinity },
    )
    return ok({ applied })
  } catch (error) {
    if (error instanceof MigrationStopped || error instanceof FailureError)
      return err(error.failure)
    throw error
  } finally {
    await direct?.close()
  }
}

async function loadAll(sets: readonly MigrationSet[]): Promise<LoadedSet[]> {
  return Promise.all(
    sets.map(async (set) => ({
      name: set.name,
      files: await readMigrations(set).catch((error: unknown) => {
        throw unreadable(set, error)
      }),
    })),
  )
}

function unreadable(set: MigrationSet, cause: unknown): unknown {
  if (cause instanceof RangeError) return cause
  const message = `the migrations of ${set.name} cannot be read: are the .sql files shipped?`
  return new MigrationStopped({
    type: 'migration-failed',
    set: set.name,
    file: '',
    reason: 'unreadable',
    message,
    retryable: false,
    cause,
  })
}

interface Plan {
  readonly sets: readonly LoadedSet[]
  readonly postgres: PostgresStore
  readonly waitMs: number
  readonly lockTimeoutMs: number
}

async function applyAll(
  connection: PostgresConnection,
  { sets, postgres: { schema }, waitMs, lockTimeoutMs }: Plan,
): Promise<string[]> {
  await connection.query(
    `BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${Math.ceil(waitMs)}`,
  )
  await connection.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `headwater migrations ${schema}`,
  ])
  await connection.query(`SET LOCAL lock_timeout = ${Math.ceil(lockTimeoutMs)}`)
  await createSchema(connection, schema)
  const applied: string[] = []
  for (const set of sets) {
    for (const file of await applyMigrations(connection, set)) applied.push(`${set.name}/${file}`)
  }
  await connection.query('COMMIT')
  return applied
}

/**
 * Asked before it is created: `CREATE SCHEMA IF NOT EXISTS` needs a right to the database even
 * where the schema exists.
 */
async function createSchema(connection: PostgresConnection, schema: string): Promise<void> {
  const { rows } = await connection.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
  if (rows.length === 0)
    await connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`)
}
