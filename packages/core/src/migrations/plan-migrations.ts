import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { hasHistory, type LoadedSet, pendingFiles, stepsOf } from './apply-migrations.ts'
import { rowsOf } from './apply-online.ts'
import type { MigrationFile } from './migration-set.ts'
import { isOnline, type OnlineStep } from './online-file.ts'

/** A file that `migrate` would apply. */
export interface PlannedMigration {
  /** The file, as `set/file`. */
  readonly file: string
  /**
   * What it does while its tables are written, in order; empty for a file that is applied in the
   * transaction, whose statements may lock what they change until its end.
   */
  readonly online: readonly PlannedStep[]
}

/** A step of a file that is applied online. */
export interface PlannedStep {
  /** What it does. */
  readonly step: OnlineStep['kind']
  /** The index, or the table whose rows are changed. */
  readonly name: string
  /**
   * About how many rows it goes through, by the statistics of PostgreSQL. With a million it takes
   * seconds to minutes.
   */
  readonly rows: number
}

/** The pending files of sets; reads alone. */
export async function planPending(
  connection: PostgresConnection,
  sets: readonly LoadedSet[],
): Promise<readonly PlannedMigration[]> {
  const planned: PlannedMigration[] = []
  for (const set of sets) {
    const isKnown = await hasHistory(connection, set.name)
    for (const file of isKnown ? await pendingFiles(connection, set) : set.files) {
      const online = await plannedSteps(connection, set.name, file)
      planned.push({ file: `${set.name}/${file.name}`, online })
    }
  }
  return planned
}

async function plannedSteps(
  connection: PostgresConnection,
  set: string,
  file: MigrationFile,
): Promise<readonly PlannedStep[]> {
  if (!isOnline(file)) return []
  const planned: PlannedStep[] = []
  for (const step of stepsOf(set, file)) {
    const name = (step.kind === 'batches' ? step.table : step.index).replace('@schema.', '')
    planned.push({ step: step.kind, name, rows: await rowsOf(connection, step) })
  }
  return planned
}
