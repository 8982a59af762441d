import { ResultAsync, sqlFailureIn, transaction } from '@headwater/core'
import type {
  SqlClient,
  SqlError,
  SqlResult,
  Stores,
  TransactionError,
  TransactionOptions,
  TransactionWork,
} from '@headwater/core'

/** How often a transaction is run again after a deadlock or a serialization failure. */
const maxAttempts = 5

/** Runs one statement in autocommit, or in the caller's transaction. */
export function read<Row extends object>(
  stores: Stores,
  statement: Statement,
  tx?: SqlClient,
): ResultAsync<SqlResult<Row>, SqlError> {
  const [text, values] = statement
  if (tx === undefined) return stores.postgres.query<Row>(text, values)
  return ResultAsync.fromPromise(tx.query<Row>(text, values), sqlError)
}

/** A statement with its positional parameters. */
export type Statement = readonly [text: string, values: readonly unknown[]]

/** Runs `work` in a transaction that is run again after a deadlock or a serialization failure. */
export function write<T, E>(
  stores: Stores,
  work: TransactionWork<T, E>,
  options: TransactionOptions = {},
): ResultAsync<T, E | TransactionError> {
  return transaction(stores, work, { maxAttempts, ...options })
}

/** The row of a statement that always gives one. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('the statement gave no row')
  return row
}

function sqlError(cause: unknown): SqlError {
  const failure = sqlFailureIn(cause)
  if (failure !== undefined) return failure
  return {
    type: 'store-refused',
    message: 'the transaction refused the statement',
    retryable: false,
    store: 'postgres',
    operation: 'query',
    cause,
  }
}
