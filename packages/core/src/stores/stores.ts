import type { Index, Pinecone } from '@pinecone-database/pinecone'
import type { Db, MongoClient } from 'mongodb'
import type { Pool } from 'pg'
import type { RedisClientType, RedisClusterType } from 'redis'
import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { DeadlineExceeded, SqlError, StoreError } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { GuardedCallOptions } from '../resilience/guard.ts'
import type { ResultAsync } from '../result.ts'
import type { SqlClient, SqlResult } from '../transactions/sql-client.ts'
import type { HealthOptions, HealthReport } from './health.ts'

/** How one call to a store may be limited. */
export interface CallOptions {
  /**
   * Time after which the caller gets `deadline-exceeded`, in milliseconds.
   *
   * @defaultValue the store's own default
   */
  readonly deadlineMs?: number
  /** Ends the call early. */
  readonly signal?: AbortSignal
}

/**
 * One connection, lent by {@link PostgresStore.withConnection}. A text without parameters may hold
 * several statements; its result is the last one's.
 */
export interface PostgresConnection extends SqlClient {
  /**
   * Runs several statements without parameters, separated by semicolons, in one round trip, and
   * gives back the result of each.
   */
  queryAll(text: string): Promise<readonly SqlResult<object>[]>
  /**
   * Runs a statement and, when it succeeds, COMMIT, in one round trip where the client allows it;
   * gives back what COMMIT was answered with. Diagnostics and failures call it `commit`.
   */
  queryThenCommit(text: string, values: readonly unknown[]): Promise<SqlResult<object>>
  /**
   * Closes the connection at once instead of giving it back; a statement under way rejects with
   * `store-unavailable`.
   */
  close(): void
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
  /** Runs one statement in autocommit on a connection of the pool. One round trip. */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: CallOptions,
  ): ResultAsync<SqlResult<Row>, SqlError>
  /**
   * The same as a {@link SqlClient}: rejects with a {@link StatementFailed} that holds the typed
   * failure.
   */
  readonly client: SqlClient
  /**
   * Lends one connection to `use` and takes it back however `use` ends; a connection whose state is
   * in doubt (a lost connection, a statement without an answer, a transaction left open) is closed
   * instead of reused. Statements run one at a time, in the order they were asked. Rejects with
   * {@link StatementFailed} when there is no connection to lend, and with what `use` rejects with.
   */
  withConnection<T>(
    use: (connection: PostgresConnection) => Promise<T>,
    options?: LoanOptions,
  ): Promise<T>
}

/** Options of `withConnection`. */
export interface LoanOptions {
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

/** What a statement's rejection is: an `Error` for the stack, with the typed failure inside. */
export class StatementFailed extends Error {
  /** The typed failure. */
  readonly failure: SqlError

  constructor(failure: SqlError) {
    super(failure.message, { cause: failure.cause })
    this.name = 'StatementFailed'
    this.failure = failure
  }
}

/** The part of the client that single servers and clusters have in common. */
export type RedisConnection = RedisClientType | RedisClusterType

/**
 * Redis: cache, sessions, rate limits. Every command has a deadline of our own, and a breaker takes
 * a failing server out of the way.
 */
export interface RedisStore {
  /** The client, for what the SDK does not do. Owned by the host when the host handed it in. */
  readonly client: RedisConnection
  /** Goes in front of every key. */
  readonly keyPrefix: string
  /** The `run_id` of the server that the connection serves; `undefined` while there is none. */
  readonly runId: string | undefined
  /** Whether the breaker lets commands through. */
  readonly isAvailable: boolean
  /** Runs one command, or one pipelined flush, within the deadline. Never rejects. */
  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: CallOptions,
  ): ResultAsync<T, StoreError>
  /**
   * Calls `listener` whenever trust in what Redis holds is lost: a lost connection, a command past
   * its deadline, an opened breaker, another `run_id`. The returned function ends that.
   */
  onTrustLost(listener: () => void): () => void
}

/** MongoDB: activity log and analytics. */
export interface MongodbStore {
  /** The client, for what the SDK does not do. Owned by the host when the host handed it in. */
  readonly client: MongoClient
  /**
   * Runs one operation within the deadline, behind a breaker. `signal` is to be passed to the
   * driver's call.
   */
  run<T>(
    operation: string,
    use: (database: Db, signal: AbortSignal) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError>
}

/** Pinecone: the vector index. */
export interface PineconeStore {
  /** The client, for what the SDK does not do. */
  readonly client: Pinecone
  /** Name of the index. */
  readonly indexName: string
  /**
   * Runs one operation within the deadline, behind a breaker; HTTP status and Retry-After are taken
   * from the wire, since the client hides them.
   */
  run<T>(
    operation: string,
    use: (index: Index) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError>
}

/** The four stores of one application, connected. Made by `connect`, ended by `close`. */
export interface Stores {
  /** The source of truth. */
  readonly postgres: PostgresStore
  /** Cache, sessions, rate limits. */
  readonly redis: RedisStore
  /** Activity log and analytics, where configured. */
  readonly mongodb: MongodbStore | undefined
  /** Vector index, where configured. */
  readonly pinecone: PineconeStore | undefined
  /**
   * Keeps the cache in step with PostgreSQL: holds, intents, the gate.
   *
   * @internal
   */
  readonly invalidation: Invalidation
  /** What the SDK has to say about itself. */
  readonly diagnostics: Diagnostics
  /** Where time comes from. */
  readonly clock: Clock
  /** Asks every store how it is. Never fails; touches every store once. */
  health(options?: HealthOptions): Promise<HealthReport>
  /**
   * Whether traffic should be sent here: required stores answer and `close` has not begun. One
   * PostgreSQL round trip.
   */
  isReady(): Promise<boolean>
  /** Whether `close` has begun. */
  readonly isClosing: boolean
  /**
   * Has `stop` called when `close` begins, before any client is closed, in reverse order of
   * registration: relays and buffers end there. The returned function takes it back.
   */
  beforeClose(stop: (deadlineMs: number) => Promise<void>): () => void
  /**
   * Stops what runs on the stores, drains, and closes the clients that the SDK opened. Idempotent.
   * After the deadline the rest is cut off and the result says so.
   */
  close(options?: CloseOptions): ResultAsync<void, DeadlineExceeded>
  /** Closes with the default deadline: `await using stores = …`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Options of `close`. */
export interface CloseOptions {
  /**
   * Time for everything to end by itself, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
}
