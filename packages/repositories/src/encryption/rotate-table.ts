import { err, ok } from '@headwater/core'
import type { CacheKey, Result, SqlError, StoreError, TransactionError } from '@headwater/core'
import type { SealedContext } from '../context.ts'
import { columnsOf, read, write } from '../sql.ts'
import type { EncryptionFailed } from './encryption-failed.ts'

/** What can go wrong with a pass. */
export type RotateError = EncryptionFailed | SqlError | TransactionError | StoreError

/** A row or document that a run could not encrypt, and did not change. */
export interface LeftRow {
  /** Table or collection. */
  readonly table: string
  /** Id of the row or document. */
  readonly row: string | number
  /**
   * `altered` and `clear-text` as in failures; `in-use`: it changed meanwhile, or another row has
   * the address.
   */
  readonly reason: 'altered' | 'clear-text' | 'in-use'
}

/** A part of a pass that is done. */
export interface PassedRows {
  /** Where the next part begins; `undefined` at the end. */
  readonly next: string | number | undefined
  /** Rows that were encrypted anew. */
  readonly changed: number
  /** Rows that were to be, and were not. */
  readonly left: readonly LeftRow[]
}

/** Passes through the rows of one table or collection, a part at a time. */
export type Pass = (
  after: string | number | undefined,
  limit: number,
) => Promise<Result<PassedRows, RotateError>>

/** How the rows of one table are read, and encrypted anew. */
export interface TablePass<Row extends object> {
  readonly table: string
  /** Reads rows: $1 place of the last one before, $2 number of them. */
  readonly select: string
  /** Locks and reads rows: $1 places. */
  readonly lock: string
  /** Replaces rows, and returns the place of each. */
  readonly replace: string
  readonly placeOf: (row: Row) => string | number
  readonly isCurrent: (row: Row) => boolean
  /** The parameters of `replace` for a row. */
  readonly anew: (row: Row) => Result<readonly unknown[], EncryptionFailed>
  /** What is cached of a row. */
  readonly cached?: (row: Row) => CacheKey
}

/** The pass through a table. Only rows that are not as they are to be are locked. */
export function passOf<Row extends object>({ stores }: SealedContext, pass: TablePass<Row>): Pass {
  return async (after = 0, limit) => {
    const page = await read<Row>(stores, [pass.select, [after, limit]])
    if (page.isErr()) return err(page.error)
    const { rows } = page.value
    const next = rows.length < limit ? undefined : rows.map(pass.placeOf).at(-1)
    const places = rows.filter((row) => !pass.isCurrent(row)).map(pass.placeOf)
    if (places.length === 0) return ok({ next, changed: 0, left: [] })
    const done = await write<Omit<PassedRows, 'next'>, EncryptionFailed>(stores, async (tx) => {
      const { rows: locked } = await tx.query<Row>(pass.lock, [places])
      const due = locked.filter((row) => !pass.isCurrent(row))
      const sorted = sortOut(due, pass)
      if (sorted.isErr()) return err(sorted.error)
      const { changes, left } = sorted.value
      if (changes.length === 0) return ok({ changed: 0, left })
      const { cached } = pass
      if (cached !== undefined) tx.invalidate(...changes.map(({ row }) => cached(row)))
      const values = columnsOf(changes.map((change) => change.values))
      const replaced = await tx.query<{ place: string | number }>(pass.replace, values)
      const known = new Set(replaced.rows.map(({ place }) => place))
      const inUse = changes
        .map(({ row }) => pass.placeOf(row))
        .filter((place) => !known.has(place))
        .map((row): LeftRow => ({ table: pass.table, row, reason: 'in-use' }))
      return ok({ changed: known.size, left: [...left, ...inUse] })
    })
    return done.map((part) => ({ next, ...part }))
  }
}

interface Change<Row> {
  readonly row: Row
  readonly values: readonly unknown[]
}

interface SortedRows<Row> {
  readonly changes: readonly Change<Row>[]
  readonly left: readonly LeftRow[]
}

/** Encrypts rows anew. A row that cannot be read by itself is left; other failures end the run. */
function sortOut<Row extends object>(
  rows: readonly Row[],
  pass: TablePass<Row>,
): Result<SortedRows<Row>, EncryptionFailed> {
  const changes: Change<Row>[] = []
  const left: LeftRow[] = []
  for (const row of rows) {
    const values = pass.anew(row)
    if (values.isOk()) {
      changes.push({ row, values: values.value })
      continue
    }
    const unreadable = leftRow(values.error, { table: pass.table, row: pass.placeOf(row) })
    if (unreadable.isErr()) return err(unreadable.error)
    left.push(unreadable.value)
  }
  return ok({ changes, left })
}

/** The row that a failure leaves, where it is of that row alone. */
export function leftRow(
  failure: EncryptionFailed,
  place: Omit<LeftRow, 'reason'>,
): Result<LeftRow, EncryptionFailed> {
  const { reason } = failure
  return reason === 'altered' || reason === 'clear-text' ? ok({ ...place, reason }) : err(failure)
}
