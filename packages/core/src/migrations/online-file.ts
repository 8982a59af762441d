import type { MigrationFile } from './migration-set.ts'

/** One step of an online file. Each can be carried out again after a crash. */
export type OnlineStep = BuildIndex | DropIndex | ChangeInBatches

/** Builds an index while its table is written. */
export interface BuildIndex {
  readonly kind: 'build-index'
  /** The index, as `@schema.name`. */
  readonly index: string
  /** Its table, as `@schema.name`. */
  readonly table: string
  /** The statement. */
  readonly text: string
}

/** Drops an index while its table is written. */
export interface DropIndex {
  readonly kind: 'drop-index'
  /** The index, as `@schema.name`. */
  readonly index: string
  /** The statement. */
  readonly text: string
}

/** Changes the rows of a table, so many at a time, each time in a transaction of its own. */
export interface ChangeInBatches {
  readonly kind: 'batches'
  /** The table that is walked, as `@schema.name`. */
  readonly table: string
  /** Its column of whole numbers that the batches follow. */
  readonly key: string
  /** Rows of a batch. */
  readonly size: number
  /** The statement; `$1` stands for the first key of the batch, `$2` for its last one. */
  readonly text: string
}

/** Whether a file is applied outside the transaction, as its name says. */
export function isOnline({ name }: Pick<MigrationFile, 'name'>): boolean {
  return name.endsWith('.online.sql')
}

const built = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?!IF\b)(\w+)\s+ON (@schema\.\w+)\b/i
const dropped = /^DROP INDEX CONCURRENTLY IF EXISTS (@schema\.\w+)$/i
const batches = /^[ \t]*-- In batches of (\d+) by (@schema\.\w+) \((\w+)\)[ \t]*$/im

/**
 * The steps of an online file. Each statement ends with a semicolon at the end of its line.
 *
 * @throws An `Error` that quotes the statement which is no such step.
 */
export function onlineStepsOf({ text }: Pick<MigrationFile, 'text'>): readonly OnlineStep[] {
  return text
    .split(/;[ \t]*$/m)
    .map((part) => ({ part, statement: part.replace(/^\s*--.*$/gm, '').trim() }))
    .filter(({ statement }) => statement !== '')
    .map(({ part, statement }) => stepOf(part, statement))
}

function stepOf(part: string, text: string): OnlineStep {
  const [, name, on = ''] = built.exec(text) ?? []
  if (name !== undefined) return { kind: 'build-index', index: `@schema.${name}`, table: on, text }
  const [, index] = dropped.exec(text) ?? []
  if (index !== undefined) return { kind: 'drop-index', index, text }
  const [, size, table = '', key = ''] = batches.exec(part) ?? []
  if (size !== undefined && text.includes('$1') && text.includes('$2'))
    return { kind: 'batches', table, key, size: Number(size), text }
  throw new Error(
    `a file that is applied online cannot have "${text.slice(0, 60).replace(/\s+/g, ' ')}": only CREATE INDEX ` +
      'CONCURRENTLY name, DROP INDEX CONCURRENTLY IF EXISTS, and statements between $1 and $2 ' +
      'below a line such as "-- In batches of 1000 by @schema.orders (id)"',
  )
}
