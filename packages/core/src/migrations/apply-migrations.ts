import { isOutage } from '../is-outage.ts'
import type { Failure } from '../errors.ts'
import { type PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { FailureError } from '../failure-error.ts'
import type { MigrationFile } from './migration-set.ts'

/** A migration could not be applied; nothing of this run was. */
export interface MigrationFailed extends Failure<'migration-failed'> {
  /** The set the file belongs to. */
  readonly set: string
  /** The file's name; empty when the set could not be read at all. */
  readonly file: string
  /**
   * `changed`: the file is not what was applied under its name. `out-of-order`: its name sorts
   * before one that was applied. `statement`: the server refused it. `unreadable`: the set's
   * directory could not be read.
   */
  readonly reason: 'changed' | 'out-of-order' | 'statement' | 'unreadable'
}

/** The rejection that carries a {@link MigrationFailed} out of the transaction. */
export class MigrationStopped extends Error {
  /** The typed failure. */
  readonly failure: MigrationFailed

  constructor(failure: MigrationFailed) {
    super(failure.message, { cause: failure.cause })
    this.name = 'MigrationStopped'
    this.failure = failure
  }
}

/** A set with its files read. */
export interface LoadedSet {
  readonly name: string
  readonly files: readonly MigrationFile[]
}

interface Applied {
  readonly name: string
  readonly hash: string
}

/**
 * Applies what is new of one set inside the transaction that is open on `connection`, and gives
 * back the names of the files. Rejects with {@link MigrationStopped} or with what the connection
 * rejects with.
 */
export async function applyMigrations(
  connection: PostgresConnection,
  set: LoadedSet,
): Promise<string[]> {
  await connection.query(createHistory(set.name))
  const { rows } = await connection.query<Applied>(selectHistory(set.name))
  const pending = pendingOf(set, rows)
  for (const file of pending) {
    await applyOne(connection, set.name, file)
    await connection.query(insertHistory(set.name), [file.name, file.hash])
  }
  return pending.map((file) => file.name)
}

async function applyOne(
  connection: PostgresConnection,
  set: string,
  file: MigrationFile,
): Promise<void> {
  try {
    await connection.query(file.text)
  } catch (error) {
    if (!(error instanceof FailureError) || isPassing(error)) throw error
    const reason =
      error.failure.cause instanceof Error ? error.failure.cause.message : error.failure.message
    throw stopped(set, {
      file: file.name,
      reason: 'statement',
      message: reason,
      cause: error.failure,
    })
  }
}

function isPassing({ failure }: FailureError): boolean {
  return isOutage(failure) || failure.type === 'serialization-failed'
}

function pendingOf(set: LoadedSet, applied: readonly Applied[]): MigrationFile[] {
  const hashes = new Map(applied.map(({ name, hash }) => [name, hash]))
  const last =
    applied
      .map(({ name }) => name)
      .sort()
      .at(-1) ?? ''
  return set.files.filter((file) =>
    isPending(set.name, file, { hash: hashes.get(file.name), last }),
  )
}

function isPending(
  set: string,
  file: MigrationFile,
  { hash, last }: { readonly hash: string | undefined; readonly last: string },
): boolean {
  if (hash === undefined && file.name < last)
    throw stopped(set, {
      file: file.name,
      reason: 'out-of-order',
      message: `sorts before ${last}, which was applied already`,
    })
  if (hash !== undefined && hash !== file.hash)
    throw stopped(set, {
      file: file.name,
      reason: 'changed',
      message: 'was changed after it had been applied: undo the change and add a new file',
    })
  return hash === undefined
}

function stopped(
  set: string,
  { message, ...rest }: Pick<MigrationFailed, 'file' | 'reason' | 'message' | 'cause'>,
): MigrationStopped {
  return new MigrationStopped({
    type: 'migration-failed',
    set,
    ...rest,
    message: `${set}/${rest.file}: ${message}`,
    retryable: false,
  })
}

const historyOf = (set: string): string => `@schema.headwater_${set}_migrations`

const createHistory = (set: string): string => `
  CREATE TABLE IF NOT EXISTS ${historyOf(set)} (
    name text COLLATE "C" PRIMARY KEY,
    hash text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`

const selectHistory = (set: string): string =>
  `SELECT name, hash FROM ${historyOf(set)} ORDER BY name`

const insertHistory = (set: string): string =>
  `INSERT INTO ${historyOf(set)} (name, hash) VALUES ($1, $2)`
