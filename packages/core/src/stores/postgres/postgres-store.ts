import type { Pool } from 'pg'
import type { InvalidInput, SqlError } from '../../errors.ts'
import type { ResultAsync } from '../../result.ts'
import type { SqlClient, SqlResult } from '../sql-client.ts'
import type { FreshReadOptions } from './replicas/freshness.ts'
import type { ServerHistory } from './server-history.ts'
import type { Abortable, CallOptions } from '../../call-options.ts'

/**
 * One connection, lent by {@link PostgresStore.withConnection}. A text without parameters may hold
 * several statements; its result is the last one's.
 */
export interface PostgresConnection extends SqlClient {
  /**
   * How to ask the servers of this store for their history.
   *
   * @internal
   */
  readonly history: ServerHistory
  /**
   * The system identifier of the server that this connection has first met, where it was asked.
   *
   * @internal
   */
  system: string | undefined
  /**
   * Runs several statements without parameters, separated by semicolons, in one round trip, and
   * returns the result of each.
   */
  queryAll(text: string): Promise<readonly SqlResult<object>[]>
  /**
   * Runs statements and, when they succeed, one with parameters behind them, in one round trip
   * where the client allows it. Diagnostics and failures have the name of the last.
   *
   * @internal
   */
  queryBehind(
    ahead: readonly StatementAhead[],
    behind: StatementBehind,
    options?: QueryBehindOptions,
  ): QueryBehind
  /**
   * Runs a statement and, when it succeeds, COMMIT, in one round trip where the client allows it;
   * returns the reply to COMMIT. Diagnostics and failures call it `commit`.
   */
  queryThenCommit(text: string, values: readonly unknown[]): Promise<SqlResult<object>>
  /**
   * Closes the connection at once instead of giving it back; a statement under way rejects with
   * `store-unavailable`.
   */
  close(): void
}

/**
 * A statement in front of another one.
 *
 * @internal
 */
export interface StatementAhead {
  readonly text: string
  readonly values: readonly string[]
}

/**
 * A statement with parameters.
 *
 * @internal
 */
export interface StatementBehind {
  readonly text: string
  readonly values: readonly unknown[]
}

/**
 * Options of `queryBehind`.
 *
 * @internal
 */
export interface QueryBehindOptions {
  /** Sends COMMIT after the statement. */
  readonly thenCommit?: boolean
}

/**
 * The results of a statement and of those ahead of it.
 *
 * @internal
 */
export interface QueryBehind {
  /** The results of those ahead, as soon as they are there. */
  readonly ahead: Promise<readonly SqlResult<object>[]>
  /** The result of the statement itself; rejects as well when one ahead of it fails. */
  readonly result: Promise<SqlResult<object>>
}

/**
 * PostgreSQL, the source of truth. In every statement `@schema.` stands for the schema that the
 * stores were connected with.
 */
export interface PostgresStore {
  /** The pool, for what the SDK does not do. Owned by the host when the host handed it in. */
  readonly pool: Pool
  /** The schema that holds the tables. */
  readonly schema: string
  /**
   * Runs one statement in autocommit on a connection of the pool. One round trip. After an abort a
   * statement that was sent ends by itself, and its connection returns to the pool.
   */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: CallOptions,
  ): ResultAsync<SqlResult<Row>, SqlError>
  /**
   * A token for reads that are to see what was committed before it was asked for: the end of the
   * log, as a text of about 35 characters. Ask after the commit, and let the token travel with the
   * caller, in a session, a cookie or a header. It says nothing of the data. One round trip.
   */
  position(options?: CallOptions): ResultAsync<string, SqlError>
  /**
   * Runs one statement on a replica that is as fresh as asked, else on the primary; in a read-only
   * transaction of its own on either, so that what a replica would refuse the primary refuses too.
   * Whatever is wrong with a replica is no failure of this call, but for its deadline where a
   * replica falls silent in the middle of its answer; `replica:read` and `replica:passed-over` say
   * who answered. A malformed `after`, which may come from outside, is
   * `invalid-input`.
   *
   * One round trip of a replica that is fresh, or of the primary. A replica that is about to be
   * fresh is waited for, `replicaPatienceMs` at most. Nothing of it is cached: within a loader the
   * primary answers.
   */
  read<Row extends object = Record<string, unknown>>(
    text: string,
    values: readonly unknown[],
    options: FreshReadOptions,
  ): ResultAsync<SqlResult<Row>, SqlError | InvalidInput>
  /**
   * The same as a {@link SqlClient}: rejects with a `FailureError` that holds the typed
   * failure.
   */
  readonly client: SqlClient
  /**
   * Lends one connection to `use` and takes it back however `use` ends; a connection whose state is
   * in doubt (a lost connection, a statement without an answer, a transaction left open) is closed
   * instead of reused. Statements run one at a time, in the order they were asked. Rejects with
   * `FailureError` when there is no connection to lend, and with what `use` rejects with.
   */
  withConnection<T>(
    use: (connection: PostgresConnection) => Promise<T>,
    options?: LoanOptions,
  ): Promise<T>
}

/** Options of `withConnection`; its signal ends the wait for a connection. */
export interface LoanOptions extends Abortable {
  /**
   * Takes the connection from a few that stand outside the pool, so that what must not wait for a
   * full pool does not.
   *
   * @defaultValue `false`
   */
  readonly reserved?: boolean
  /**
   * Time each statement has, in milliseconds; `Infinity` for no limit on this side.
   *
   * @defaultValue the store's own default
   */
  readonly deadlineMs?: number
}
