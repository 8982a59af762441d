import type {
  PostgresConnection,
  QueryBehind,
  StatementAhead,
  StatementBehind,
} from './postgres-store.ts'

const beginSql = 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY'

/**
 * Runs a statement in a read-only transaction of its own, and `check` in front of it where one is
 * given: all in one round trip where the client allows it. `ahead` has the result of the check.
 *
 * The statement sees whatever the check found to be there. PostgreSQL takes the snapshot of a
 * statement before it runs it, so a check within the statement would speak of a later moment. Here
 * the check has ended before the snapshot of the next statement is taken. That each statement has
 * one of its own is what READ COMMITTED means, which is said because a role may have another
 * default.
 */
export function readOnly(
  connection: PostgresConnection,
  statement: StatementBehind,
  check: readonly StatementAhead[] = [],
): QueryBehind {
  const begin = { text: beginSql, values: [] }
  const sent = connection.queryBehind([begin, ...check], statement, { thenCommit: true })
  const ahead = sent.ahead.then((results) => results.slice(1))
  const result = rolledBackOnFailure(connection, sent.result)
  // Who waits for one of them only hears of a failure there.
  for (const promise of [ahead, result]) promise.catch(ignore)
  return { ahead, result }
}

/** Without it the connection would be closed, being in a transaction that has failed. */
async function rolledBackOnFailure<T>(connection: PostgresConnection, result: Promise<T>) {
  try {
    return await result
  } catch (error) {
    await connection.query('ROLLBACK').catch(ignore)
    throw error
  }
}

function ignore(): void {}
