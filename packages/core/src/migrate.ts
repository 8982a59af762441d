import * as z from 'zod/mini'
import { checkOptions, option, strictOptions } from './check-options.ts'
import type { Stores } from './connect/stores.ts'
import type { SqlError } from './errors.ts'
import { failureIn } from './failure/failure-error.ts'
import { applyMigrations, type LoadedSet } from './migrations/apply-migrations.ts'
import { applyOnline } from './migrations/apply-online.ts'
import { type MigrationFailed, stopped } from './migrations/migration-failed.ts'
import {
  beginRun,
  createSchema,
  limitLockWait,
  lockRuns,
  selectSchema,
} from './migrations/migration-queries.ts'
import {
  type MigrationFile,
  type MigrationSet,
  migrationSetRule,
  readMigrations,
} from './migrations/migration-set.ts'
import { type PlannedMigration, planPending } from './migrations/plan-migrations.ts'
import { once } from './once.ts'
import { err, ok, type Result, ResultAsync } from './result.ts'
import { openDirectPostgres } from './stores/postgres/postgres-direct.ts'
import type { PostgresConnection, PostgresStore } from './stores/postgres/postgres-store.ts'

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
   * mode. The `password` of the stores counts for it where it names the same user and has none,
   * their `tls` where it says nothing of TLS.
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
 * Files whose names end with `.online.sql` build indexes and change rows while their tables are
 * written: outside the transaction, which ends before such a file and begins again behind it. A run
 * that was killed is finished by the next one. `migration:step` tells of each step;
 * {@link planMigrations} says beforehand what will take long. Where the tables have no rows yet,
 * these files belong to the transaction as well.
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
  const valid = checkOptions('migrate', migrateRules(), options)
  return withPlan(stores, valid, async (plan) => ({ applied: await applyAll(plan) }))
}

/**
 * The files that {@link migrate} would apply with the same options, in order, and which of them go
 * through many rows. Changes nothing and waits for nobody.
 *
 * @throws {@link InvalidOptions} for options that break a rule.
 */
export function planMigrations(
  stores: Stores,
  options: MigrateOptions = {},
): ResultAsync<readonly PlannedMigration[], MigrationFailed | SqlError> {
  const valid = checkOptions('planMigrations', migrateRules(), options)
  return withPlan(stores, valid, ({ postgres, sets }) =>
    postgres.withConnection((connection) => planPending(connection, sets)),
  )
}

interface Plan {
  readonly sets: readonly LoadedSet[]
  readonly stores: Stores
  readonly postgres: Pick<PostgresStore, 'schema' | 'withConnection'>
  readonly waitMs: number
  readonly lockTimeoutMs: number
}

function withPlan<T>(
  stores: Stores,
  options: MigrateOptions,
  use: (plan: Plan) => Promise<T>,
): ResultAsync<T, MigrationFailed | SqlError> {
  return new ResultAsync(run(stores, options, use))
}

async function run<T>(
  stores: Stores,
  options: MigrateOptions,
  use: (plan: Plan) => Promise<T>,
): Promise<Result<T, MigrationFailed | SqlError>> {
  const direct = options.url === undefined ? undefined : openDirectPostgres(options.url, stores)
  try {
    const sets = await loadAll([coreMigrations, ...(options.sets ?? [])])
    const postgres = direct ?? stores.postgres
    return ok(await use({ ...migrateDefaults, ...options, sets, stores, postgres }))
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
      files: await readMigrations(set).catch((cause: unknown) => {
        const message = 'the migrations cannot be read: are the .sql files shipped?'
        throw stopped(set.name, { file: '', reason: 'unreadable', message, cause })
      }),
    })),
  )
}

async function applyAll(plan: Plan): Promise<string[]> {
  const { postgres, stores, waitMs } = plan
  const applied: string[] = []
  for (;;) {
    const { files, next } = await postgres.withConnection(
      (connection) => applyInTransaction(connection, plan),
      { deadlineMs: Infinity },
    )
    applied.push(...files)
    if (next === undefined) return applied
    if (await applyOnline({ ...next, postgres, stores, waitMs }))
      applied.push(`${next.set.name}/${next.file.name}`)
  }
}

interface Segment {
  readonly files: readonly string[]
  /** The file that ended the transaction, to be applied online. */
  readonly next: { readonly set: LoadedSet; readonly file: MigrationFile } | undefined
}

async function applyInTransaction(
  connection: PostgresConnection,
  { sets, postgres: { schema }, waitMs, lockTimeoutMs }: Plan,
): Promise<Segment> {
  await connection.query(beginRun(waitMs))
  await connection.query(lockRuns, [`headwater migrations ${schema}`])
  await connection.query(limitLockWait(lockTimeoutMs))
  await ensureSchema(connection, schema)
  const segment = await applySets(connection, sets)
  await connection.query('COMMIT')
  return segment
}

async function applySets(
  connection: PostgresConnection,
  sets: readonly LoadedSet[],
): Promise<Segment> {
  const files: string[] = []
  for (const set of sets) {
    const { applied, online } = await applyMigrations(connection, set)
    files.push(...applied.map((file) => `${set.name}/${file}`))
    if (online !== undefined) return { files, next: { set, file: online } }
  }
  return { files, next: undefined }
}

/** `CREATE SCHEMA IF NOT EXISTS` needs a right to the database even where the schema exists. */
async function ensureSchema(connection: PostgresConnection, schema: string): Promise<void> {
  const { rows } = await connection.query(selectSchema, [schema])
  if (rows.length === 0) await connection.query(createSchema(schema))
}
