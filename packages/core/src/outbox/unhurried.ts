import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { err, ResultAsync } from '../result.ts'
import type { Result } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'

/**
 * Does work in one transaction without a time limit: statements that go through the whole log, and
 * questions to another store between them. Commits when it succeeds, rolls back when it fails.
 */
export function unhurried<T, E = never>(
  { postgres }: Pick<Stores, 'postgres'>,
  work: (sql: SqlClient) => Promise<Result<T, E>>,
): ResultAsync<T, E | SqlError> {
  const done = postgres.withConnection<Result<T, E | SqlError>>(
    async (connection) => {
      await connection.query('BEGIN ISOLATION LEVEL READ COMMITTED')
      await connection.query(
        'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0',
      )
      const result = await work(connection)
      await connection.query(result.isOk() ? 'COMMIT' : 'ROLLBACK')
      return result
    },
    { deadlineMs: Infinity },
  )
  return new ResultAsync<T, E | SqlError>(done.catch(statementFailure))
}

/**
 * The failure of a statement that was thrown.
 *
 * @throws What is no such failure.
 */
export function statementFailure(error: unknown): Result<never, SqlError> {
  const failure = sqlFailureIn(error)
  if (failure !== undefined) return err(failure)
  throw error
}
