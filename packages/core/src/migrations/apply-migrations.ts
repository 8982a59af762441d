import { isOutage } from '../failure/is-outage.ts'
import type { Failure, SqlError } from '../errors.ts'
import { type PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { FailureError, failureIn } from '../failure/failure-error.ts'
import { withCause } from '../failure/with-cause.ts'
import {
  createHistory,
  insertHistory,
  selectHistory,
  selectHistoryTable,
} from './migration-queries.ts'
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
 * Applies what is new of one set inside the transaction that is open on `connection`; returns the
 * names of the files. Rejects with a {@link FailureError}. With nothing to do it asks for no right
 * to create anything.
 */
export async function applyMigrations(
  connection: PostgresConnection,
  set: LoadedSet,
): Promise<string[]> {
  const { rows: found } = await connection.query<{ isThere: boolean }>(selectHistoryTable(set.name))
  if (found[0]?.isThere !== true) await connection.query(createHistory(set.name))
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
    const failure = failureIn<SqlError>(error)
    if (failure === undefined || isPassing(failure)) throw error
    throw stopped(set, {
      file: file.name,
      reason: 'statement',
      message: failure.cause instanceof Error ? failure.cause.message : failure.message,
      cause: failure,
    })
  }
}

function isPassing(failure: SqlError): boolean {
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

/** The rejection that ends the run, and with it the transaction. */
function stopped(
  set: string,
  { message, cause, ...rest }: Pick<MigrationFailed, 'file' | 'reason' | 'message' | 'cause'>,
): FailureError<MigrationFailed> {
  const failure: MigrationFailed = {
    type: 'migration-failed',
    set,
    ...rest,
    message: `${set}/${rest.file}: ${message}`,
    retryable: false,
  }
  return new FailureError(withCause(failure, cause))
}
