/** A store that Headwater talks to. */
export type StoreName = 'postgres' | 'redis' | 'mongodb' | 'pinecone' | 'openai'

/**
 * What every failure of the SDK has. Failures are plain objects, discriminated by `type`; none
 * carries credentials, password hashes or whole documents.
 */
export interface Failure<Type extends string> {
  /** Which failure this is; the discriminant of every error union. */
  readonly type: Type
  /** One sentence for a log or a person. */
  readonly message: string
  /** Whether the same call may succeed later without a change of its input. */
  readonly retryable: boolean
  /**
   * The error beneath, for debugging: never to be matched on. Not enumerable, so that no JSON and
   * no log shows it, and without words of a driver that quote rows, documents or arguments.
   */
  readonly cause?: unknown
}

/**
 * A store could not be reached, refused the connection, or its breaker is open. Nothing is known to
 * have been done.
 */
export interface StoreUnavailable extends Failure<'store-unavailable'> {
  /** The store. */
  readonly store: StoreName
  /** The operation that was asked of it. */
  readonly operation: string
}

/** A store did not answer in time. A write may still have been carried out. */
export interface DeadlineExceeded extends Failure<'deadline-exceeded'> {
  /** The store. */
  readonly store: StoreName
  /** The operation that was asked of it. */
  readonly operation: string
  /** The deadline, in milliseconds; `0` where the caller aborted before one was set. */
  readonly deadlineMs: number
}

/** A store answered and refused: a permanent error of this request, not of the store's health. */
export interface StoreRefused extends Failure<'store-refused'> {
  /** The store. */
  readonly store: StoreName
  /** The operation that was asked of it. */
  readonly operation: string
  /** The store's own code: SQLSTATE, MongoDB error code, HTTP status. */
  readonly code?: string
}

/**
 * A package that a store needs cannot be loaded: it is not installed where the program runs. A
 * client that was handed in needs none.
 */
export interface PackageMissing extends Failure<'package-missing'> {
  /** The store. */
  readonly store: StoreName
  /** The package, for instance `mongodb`. */
  readonly package: string
  /** The command that installs it, for instance `npm install mongodb`. */
  readonly command: string
}

/** A constraint of the database refused the statement. */
export interface ConstraintViolated extends Failure<'constraint-violated'> {
  /** Always PostgreSQL. */
  readonly store: 'postgres'
  /** Which kind of constraint. */
  readonly kind: 'unique' | 'foreign-key' | 'check' | 'not-null' | 'exclusion'
  /** The constraint's name, or the column's for `not-null`. */
  readonly constraint: string
  /** The table's name, where the server said it. */
  readonly table?: string
}

/**
 * Two transactions could not both be carried out (SQLSTATE 40001 or 40P01); the same transaction
 * may succeed when it is run again.
 */
export interface SerializationFailed extends Failure<'serialization-failed'> {
  /** Always PostgreSQL. */
  readonly store: 'postgres'
  /** SQLSTATE. */
  readonly code: string
}

/**
 * The connection was lost while COMMIT was under way and its outcome could not be found out: the
 * transaction may or may not have happened.
 */
export interface CommitUnknown extends Failure<'commit-unknown'> {
  /** Always PostgreSQL. */
  readonly store: 'postgres'
  /** The transaction's id, for `pg_xact_status`; absent when it had not written. */
  readonly transactionId?: string
}

/**
 * A statement of the transaction failed and the work went on: nothing was committed. Or a statement
 * such as `SELECT 1; COMMIT` ended the transaction, as the message says then: what came before it
 * may be committed.
 */
export interface TransactionPoisoned extends Failure<'transaction-poisoned'> {
  /** Always PostgreSQL. */
  readonly store: 'postgres'
}

/** The input breaks a rule; no store was touched. */
export interface InvalidInput extends Failure<'invalid-input'> {
  /** Path of the first field that is wrong, for instance `payment.discount`. */
  readonly field: string
  /** Every field that is wrong, with the rule it breaks. */
  readonly issues: readonly InputIssue[]
}

/** One broken rule of one field. */
export interface InputIssue {
  /** Path of the field. */
  readonly field: string
  /** The rule, as a sentence. */
  readonly message: string
}

/** No such row. */
export interface NotFound extends Failure<'not-found'> {
  /** What was looked for, for instance `course`. */
  readonly entity: string
  /** Its id, as text. */
  readonly id: string
}

/**
 * The server's clock of versions has moved on: another writer changed the row since it was read.
 */
export interface VersionConflict extends Failure<'version-conflict'> {
  /** What was to be changed. */
  readonly entity: string
  /** Its id, as text. */
  readonly id: string
}

/** What can go wrong when a secondary store (Redis, MongoDB, Pinecone, OpenAI) is asked. */
export type StoreError = StoreUnavailable | DeadlineExceeded | StoreRefused

/** What can go wrong with one statement. */
export type SqlError = StoreError | ConstraintViolated | SerializationFailed

/** What can go wrong with a transaction beyond what its own work returns. */
export type TransactionError = SqlError | CommitUnknown | TransactionPoisoned
