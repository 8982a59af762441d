import { ResultAsync, sqlFailureIn, transaction, unlessAborted, withCause } from '@headwater/core'
import type {
  CallOptions,
  Freshness,
  InvalidInput,
  ReadOptions,
  SqlError,
  SqlResult,
  Stores,
  TransactionError,
  TransactionWork,
} from '@headwater/core'

/** How often a transaction runs, at most, when it meets deadlocks or serialization failures. */
const maxAttempts = 5

/** A statement with its positional parameters. */
export type Statement = readonly [text: string, values: readonly unknown[]]

/** Runs one statement in autocommit, or in the caller's transaction, until the caller aborts. */
export function read<Row extends object>(
  stores: Stores,
  [text, values]: Statement,
  options: ReadOptions = {},
): ResultAsync<SqlResult<Row>, SqlError> {
  const { tx } = options
  if (tx === undefined) return stores.postgres.query<Row>(text, values, options)
  return unlessAborted(options, { store: 'postgres', operation: 'query' }, () =>
    ResultAsync.fromPromise(tx.query<Row>(text, values), sqlError),
  )
}

/** Options of a list that is not cached. */
export interface ListReadOptions extends ReadOptions {
  /**
   * How fresh the list must be, so that a replica may answer; within `tx` it says nothing.
   *
   * @defaultValue the primary answers
   */
  readonly freshness?: Freshness | undefined
}

/** Runs one statement as {@link read} does, or on a replica that is as fresh as asked. */
export function readList<Row extends object>(
  stores: Stores,
  statement: Statement,
  { freshness, ...options }: ListReadOptions,
): ResultAsync<SqlResult<Row>, SqlError | InvalidInput> {
  if (freshness === undefined || options.tx !== undefined)
    return read<Row>(stores, statement, options)
  const [text, values] = statement
  return stores.postgres.read<Row>(text, values, { freshness, signal: options.signal })
}

/**
 * Runs `work` in a transaction, and again after a deadlock or a serialization failure. An abort
 * before COMMIT is sent rolls back.
 */
export function write<T, E>(
  stores: Stores,
  work: TransactionWork<T, E>,
  options: CallOptions = {},
): ResultAsync<T, E | TransactionError> {
  return transaction(stores, work, { maxAttempts, ...options })
}

/** The columns of rows of parameters, for a statement that unnests them. */
export function columnsOf(rows: readonly (readonly unknown[])[]): readonly unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]))
}

/** The row of a statement that always returns one. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('the statement returned no row')
  return row
}

function sqlError(cause: unknown): SqlError {
  const refused: SqlError = {
    type: 'store-refused',
    message: 'the transaction refused the statement',
    retryable: false,
    store: 'postgres',
    operation: 'query',
  }
  return sqlFailureIn(cause) ?? withCause(refused, cause)
}
