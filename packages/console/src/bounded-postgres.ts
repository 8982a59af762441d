import { FailureError, ResultAsync, sqlFailureIn, systemClock, withCause } from '@headwater/core'
import type { Failure, PostgresConnection, PostgresStore } from '@headwater/core'
import type { SqlError, SqlResult } from '@headwater/core'
import { Turns } from './turns.ts'

/** Limits of the statements of a {@link boundedPostgres}. */
export interface StatementBounds {
  /** Time for a connection and a statement together, in milliseconds. */
  readonly ms: number
  /** Whether statements may write. */
  readonly mayWrite: boolean
}

interface BoundedDeps extends StatementBounds {
  readonly postgres: PostgresStore
  readonly turns: Turns
}

interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Connections of the host's pool that are used at once: the host needs the others. */
const readersAtOnce = 2
const writersAtOnce = 4
/** Time for the server's answer to a statement that it has cut off, in milliseconds. */
const answerMs = 200
/** Time below which nothing is asked any more, in milliseconds. */
const leastMs = 100
/** Names the failure of a COMMIT without an answer. */
const commit = 'console commit'

/**
 * The same PostgreSQL for an operator's questions: the server itself ends a statement that takes
 * too long, so that nobody who looks at a slow database makes it slower. Three round trips a
 * statement, within one limit.
 */
export function boundedPostgres(postgres: PostgresStore, bounds: StatementBounds): PostgresStore {
  const turns = new Turns(bounds.mayWrite ? writersAtOnce : readersAtOnce)
  const query = <Row extends object>(text: string, values: readonly unknown[] = []) =>
    runBounded<Row>({ postgres, turns, ...bounds }, { text, values })
  return {
    pool: postgres.pool,
    schema: postgres.schema,
    client: { query },
    query: (text, values) => ResultAsync.fromPromise(query(text, values), failureOf),
    position: (options) => postgres.position(options),
    read: (text, values, options) => postgres.read(text, values, options),
    withConnection: (use, options) => postgres.withConnection(use, options),
  }
}

/** Whether a statement may have been carried out, although it failed. */
export function isOutcomeUnknown(failure: Failure<string>): boolean {
  return 'operation' in failure && failure.operation === commit
}

async function runBounded<Row extends object>(
  { postgres, turns, ms, mayWrite }: BoundedDeps,
  statement: Statement,
): Promise<SqlResult<Row>> {
  const endsAt = systemClock.monotonic() + ms
  const signal = AbortSignal.timeout(ms + answerMs)
  const begin = `BEGIN ${mayWrite ? 'READ WRITE' : 'READ ONLY'}`
  const loan = { hasBegun: false }
  const ask = async (connection: PostgresConnection) => {
    loan.hasBegun = true
    const leftMs = Math.round(endsAt - systemClock.monotonic())
    if (leftMs < Math.min(leastMs, ms / 2)) throw new FailureError(timeIsUp(ms))
    const close = () => {
      connection.close()
    }
    signal.addEventListener('abort', close)
    try {
      await connection.queryAll(`${begin}; SET LOCAL statement_timeout = ${leftMs}`)
      return await ended<Row>(connection, { ...statement, mayWrite })
    } finally {
      signal.removeEventListener('abort', close)
    }
  }
  try {
    const options = { deadlineMs: ms + answerMs, signal }
    return await turns.run(() => postgres.withConnection(ask, options), signal)
  } catch (error) {
    if (signal.aborted && !loan.hasBegun) throw new FailureError(noConnection(ms + answerMs))
    throw error
  }
}

async function ended<Row extends object>(
  connection: PostgresConnection,
  { mayWrite, ...statement }: Statement & Pick<StatementBounds, 'mayWrite'>,
): Promise<SqlResult<Row>> {
  const result = await queryOrRollBack<Row>(connection, statement)
  try {
    await connection.query('COMMIT')
  } catch (error) {
    const failure = mayWrite ? unknownOutcome(error) : undefined
    if (failure !== undefined) throw new FailureError(failure)
    throw error
  }
  return result
}

async function queryOrRollBack<Row extends object>(
  connection: PostgresConnection,
  { text, values }: Statement,
): Promise<SqlResult<Row>> {
  try {
    return await connection.query<Row>(text, values)
  } catch (error) {
    // Where this fails too the connection is closed.
    await connection.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** What the server refuses was not done; what it did not answer may have been. */
function unknownOutcome(error: unknown): SqlError | undefined {
  const failure = sqlFailureIn(error)
  const isAnswered =
    failure !== undefined &&
    failure.type !== 'store-unavailable' &&
    failure.type !== 'deadline-exceeded'
  if (isAnswered) return undefined
  const reason = failure?.message ?? 'no answer'
  return {
    type: 'store-unavailable',
    store: 'postgres',
    operation: commit,
    message: `whether it was done is not known: ${reason}`,
    retryable: false,
  }
}

function noConnection(deadlineMs: number): SqlError {
  return {
    type: 'deadline-exceeded',
    store: 'postgres',
    operation: 'connect',
    deadlineMs,
    message: `no connection to PostgreSQL became free within ${deadlineMs} ms`,
    retryable: true,
  }
}

/** Nothing is known of the server: it was not asked. */
function timeIsUp(deadlineMs: number): SqlError {
  const why = 'what was asked before took too long, or this process is busy'
  return {
    type: 'deadline-exceeded',
    store: 'postgres',
    operation: 'connect',
    deadlineMs,
    message: `${deadlineMs} ms were over before the console could ask PostgreSQL: ${why}`,
    retryable: true,
  }
}

function failureOf(error: unknown): SqlError {
  return (
    sqlFailureIn(error) ??
    withCause<SqlError>(
      {
        type: 'store-unavailable',
        store: 'postgres',
        operation: 'console',
        message: 'PostgreSQL could not be asked',
        retryable: true,
      },
      error,
    )
  )
}
