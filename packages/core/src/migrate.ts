import * as z from 'zod/mini'
import { checkOptions, option, strictOptions } from './check-options.ts'
import type { Stores } from './connect/stores.ts'
import type { SqlError } from './errors.ts'
import { FailureError, failureIn } from './failure/failure-error.ts'
import {
  applyMigrations,
  type LoadedSet,
  type MigrationFailed,
} from './migrations/apply-migrations.ts'
import {
  beginRun,
  createSchema,
  limitLockWait,
  lockRuns,
  selectSchema,
} from './migrations/migration-queries.ts'
import { type MigrationSet, migrationSetRule, readMigrations } from './migrations/migration-set.ts'
import { once } from './once.ts'
import { err, ok, type Result, ResultAsync } from './result.ts'
import { openDirectPostgres } from './stores/postgres/postgres-direct.ts'
import type { PostgresConnection, PostgresStore } from './stores/postgres/postgres-store.ts'
import { withCause } from './failure/with-cause.ts'

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
   * Time to wait for another process that is migrating, in milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly waitMs?: number
  /**
   * Time that a statement may wait for a lock that the application holds, in milliseconds;
   * everything behind it in the lock's queue waits as long.
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

const migrateRules = once(() =>
  strictOptions<MigrateOptions>({
    url: z.optional(option.text()),
    sets: z.optional(z.array(migrationSetRule())),
    waitMs: z.optional(option.durationMs()),
    lockTimeoutMs: z.optional(option.durationMs()),
  }),
)

/** The work of one run of {@link migrate}. */
export interface MigrationReport {
  /** The files that were applied, as `set/file`, in order; empty when there was nothing to do. */
  readonly applied: readonly string[]
}

/**
 * Brings the schema up to date: all pending files of all sets in one transaction, so that either
 * everything is applied or nothing. Any number of processes may call it at once: one applies, the
 * others wait and find nothing to do. Creates the schema when it is missing. Refuses files that
 * were changed after they had been applied, and new files that sort before those. With nothing to
 * do it needs no right to create anything.
 *
 * @throws {@link InvalidOptions} for options that break a rule.
 * @example
 * ```ts
 * orThrow(await migrate(stores, { sets: [repositoriesMigrations] }))
 * ```
 */
export function migrate(
  stores: Stores,
  options: MigrateOptions = {},
): ResultAsync<MigrationReport, MigrationFailed | SqlError> {
  return new ResultAsync(run(stores, checkOptions('migrate', migrateRules(), options)))
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
    const failure = failureIn<MigrationFailed | SqlError>(error)
    if (failure === undefined) throw error
    return err(failure)
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

function unreadable(set: MigrationSet, cause: unknown): FailureError<MigrationFailed> {
  const failure: MigrationFailed = {
    type: 'migration-failed',
    set: set.name,
    file: '',
    reason: 'unreadable',
    message: `the migrations of ${set.name} cannot be read: are the .sql files shipped?`,
    retryable: false,
  }
  return new FailureError(withCause(failure, cause))
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
  await connection.query(beginRun(waitMs))
  await connection.query(lockRuns, [`headwater migrations ${schema}`])
  await connection.query(limitLockWait(lockTimeoutMs))
  await ensureSchema(connection, schema)
  const applied: string[] = []
  for (const set of sets) {
    for (const file of await applyMigrations(connection, set)) applied.push(`${set.name}/${file}`)
  }
  await connection.query('COMMIT')
  return applied
}

/** `CREATE SCHEMA IF NOT EXISTS` needs a right to the database even where the schema exists. */
async function ensureSchema(connection: PostgresConnection, schema: string): Promise<void> {
  const { rows } = await connection.query(selectSchema, [schema])
  if (rows.length === 0) await connection.query(createSchema(schema))
}
