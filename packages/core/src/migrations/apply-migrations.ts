import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { stopped, stoppedBy } from './migration-failed.ts'
import {
  createHistory,
  insertHistory,
  selectHistory,
  selectHistoryTable,
} from './migration-queries.ts'
import type { MigrationFile } from './migration-set.ts'
import { isOnline, type OnlineStep, onlineStepsOf } from './online-file.ts'
import { atOnce, selectIndex, selectIsEmpty, selectRows } from './online-queries.ts'

/** A set with its files read. */
export interface LoadedSet {
  readonly name: string
  readonly files: readonly MigrationFile[]
}

/** What was applied in one transaction. */
export interface AppliedFiles {
  /** The names of the files. */
  readonly applied: readonly string[]
  /** The file that comes next and has to be applied outside of it. */
  readonly online: MigrationFile | undefined
}

interface Applied {
  readonly name: string
  readonly hash: string
}

/**
 * Applies what is new of one set inside the transaction that is open on `connection`, up to a file
 * that is to be applied online. Over tables without rows such a file is applied here as well.
 * Rejects with a {@link FailureError}. With nothing to do it asks for no right to create anything.
 */
export async function applyMigrations(
  connection: PostgresConnection,
  set: LoadedSet,
): Promise<AppliedFiles> {
  if (!(await hasHistory(connection, set.name))) await connection.query(createHistory(set.name))
  const applied: string[] = []
  for (const file of await pendingFiles(connection, set)) {
    const statements = await statementsInside(connection, set.name, file)
    if (statements === undefined) return { applied, online: file }
    for (const text of statements) await applyOne(connection, { set: set.name, file, text })
    await connection.query(insertHistory(set.name), [file.name, file.hash])
    applied.push(file.name)
  }
  return { applied, online: undefined }
}

/** Whether anything of a set was applied before. */
export async function hasHistory(connection: PostgresConnection, set: string): Promise<boolean> {
  const { rows } = await connection.query<{ isThere: boolean }>(selectHistoryTable(set))
  return rows[0]?.isThere === true
}

/** The files of a set that are to be applied. Rejects when they do not fit those that were. */
export async function pendingFiles(
  connection: PostgresConnection,
  set: LoadedSet,
): Promise<MigrationFile[]> {
  const { rows } = await connection.query<Applied>(selectHistory(set.name))
  const hashes = new Map(rows.map(({ name, hash }) => [name, hash]))
  const last =
    rows
      .map(({ name }) => name)
      .sort()
      .at(-1) ?? ''
  return set.files.filter((file) =>
    isPending(set.name, file, { hash: hashes.get(file.name), last }),
  )
}

/** The steps of a file that is applied online. Rejects when it has statements that are none. */
export function stepsOf(set: string, file: MigrationFile): readonly OnlineStep[] {
  try {
    return onlineStepsOf(file)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw stopped(set, { file: file.name, reason: 'statement', message })
  }
}

/** A file's statements within the transaction; none when it has to be applied online. */
async function statementsInside(
  connection: PostgresConnection,
  set: string,
  file: MigrationFile,
): Promise<readonly string[] | undefined> {
  if (!isOnline(file)) return [file.text]
  const steps = stepsOf(set, file)
  for (const step of steps) if (!(await isEmpty(connection, step))) return undefined
  return steps.flatMap((step) => (step.kind === 'batches' ? [] : [atOnce(step.text)]))
}

/** Whether a step has no rows to go through, and no index that an earlier run has begun. */
async function isEmpty(connection: PostgresConnection, step: OnlineStep): Promise<boolean> {
  if (step.kind === 'drop-index') return true
  const there = await connection.query(selectRows(step.table))
  if (there.rows.length === 0) return true
  const { rows } = await connection.query<{ isEmpty: boolean }>(selectIsEmpty(step.table))
  if (rows[0]?.isEmpty !== true) return false
  return step.kind === 'batches' || (await connection.query(selectIndex(step.index))).rowCount === 0
}

async function applyOne(
  connection: PostgresConnection,
  {
    set,
    file,
    text,
  }: { readonly set: string; readonly file: MigrationFile; readonly text: string },
): Promise<void> {
  try {
    await connection.query(text)
  } catch (error) {
    throw stoppedBy(error, set, file.name)
  }
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
