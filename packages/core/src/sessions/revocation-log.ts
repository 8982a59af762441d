import type { SqlError, StoreError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { ResultAsync } from '../result.ts'
import { missingTableAs } from '../stores/postgres/missing-table.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import {
  insertRevocation,
  markApplied,
  purgeRevocations,
  selectHorizon,
  type ReapplyScope,
  selectRevocations,
} from './revocation-queries.ts'
import { withCause } from '../failure/with-cause.ts'

/** A written revocation of sessions. */
export interface Revocation {
  /** Its id. */
  readonly id: string
  /**
   * Names it in Redis. An id is not enough: after a restore of PostgreSQL ids are assigned again,
   * and Redis remembers what it has carried out.
   */
  readonly name: string
  /** The user whose sessions all ended; `null` when only `sessions` did. */
  readonly user: string | null
  /** Hashes of the tokens that ended, as far as they are known. */
  readonly sessions: readonly string[]
  /** The epoch of the user that it began; `null` until it is applied. */
  readonly epoch: string | null
  /** The largest epoch of the user that another revocation began. */
  readonly knownEpoch: string
  /** Whether it is noted as applied. */
  readonly isApplied: boolean
}

/** A revocation that has been applied in Redis. */
export interface AppliedRevocation {
  /** Its id. */
  readonly id: string
  /** The epoch of the user that it began; `null` when it ended single sessions. */
  readonly epoch: string | null
  /** Hashes of the tokens that ended by it. */
  readonly sessions: readonly string[]
}

/** A revocation to be written: all sessions of a user, one session, or some whoever has them. */
export type Revoked =
  | { readonly user: string }
  | { readonly session: string; readonly isApplied: boolean }
  | { readonly sessions: readonly string[] }

/** The age of revocations that nobody needs, by a clock that may be set. */
export interface Expired {
  /** Their age at least, in milliseconds. */
  readonly ageMs: number
  /** The moment of that age at an earlier look. */
  readonly horizon: string
  /** The time since that look by the process's own clock, in milliseconds. */
  readonly sinceMs: number
}

/** Rows read at once. */
const pageSize = 1_000

/** Long enough for a page, short enough for a caller that waits for it. */
const deadlineMs = 2_000

/** The revocations of all processes with one key prefix, in PostgreSQL. */
export class RevocationLog {
  readonly #postgres: PostgresStore
  readonly #prefix: string

  constructor(postgres: PostgresStore, prefix: string) {
    this.#postgres = postgres
    this.#prefix = prefix
  }

  /** Writes a revocation. One round trip. */
  write(revoked: Revoked): ResultAsync<Revocation, StoreError> {
    return this.#postgres
      .query<Revocation>(insertRevocation, this.#values(revoked))
      .map(({ rows }) => rows[0] as Revocation)
      .mapErr(storeError)
  }

  /** Writes a revocation in a transaction. Rejects as its statements do. One round trip. */
  async writeWithin(tx: SqlClient, revoked: Revoked): Promise<Revocation> {
    const { rows } = await tx.query<Revocation>(insertRevocation, this.#values(revoked))
    return rows[0] as Revocation
  }

  /** Notes revocations as applied. One round trip. */
  mark(applied: readonly AppliedRevocation[]): ResultAsync<unknown, StoreError> {
    return this.#reserved(markApplied, [JSON.stringify(applied)])
  }

  /**
   * Reads one page of revocations beyond `after`, in the order of their ids; an empty one before
   * the migrations have run. One round trip.
   */
  page(scope: ReapplyScope, after: string): ResultAsync<readonly Revocation[], StoreError> {
    return this.#reserved<Revocation>(selectRevocations[scope], [
      this.#prefix,
      after,
      pageSize,
    ]).orElse(missingTableAs<Revocation[]>([]))
  }

  /** Whether no page follows this one. */
  isLast(page: readonly Revocation[]): boolean {
    return page.length < pageSize
  }

  /** The moment `ageMs` ago by PostgreSQL's clock, as text. One round trip. */
  horizon(ageMs: number): ResultAsync<string, StoreError> {
    return this.#reserved<{ horizon: string }>(selectHorizon, [ageMs]).map(
      ([row]) => row?.horizon ?? '-infinity',
    )
  }

  /** Deletes revocations of sessions that have expired since. One round trip. */
  purge({ ageMs, horizon, sinceMs }: Expired): ResultAsync<unknown, StoreError> {
    return this.#reserved(purgeRevocations, [this.#prefix, ageMs, horizon, sinceMs])
  }

  #values(revoked: Revoked): unknown[] {
    if ('user' in revoked) return [this.#prefix, revoked.user, [], false]
    return 'sessions' in revoked
      ? [this.#prefix, null, revoked.sessions, false]
      : [this.#prefix, null, [revoked.session], revoked.isApplied]
  }

  /** On a reserved connection: sessions must not wait for a full pool. */
  #reserved<Row extends object>(
    text: string,
    values: readonly unknown[],
  ): ResultAsync<Row[], StoreError> {
    const rows = this.#postgres.withConnection(
      async (connection) => (await connection.query<Row>(text, values)).rows,
      { reserved: true, deadlineMs },
    )
    return ResultAsync.fromPromise(rows, (error) =>
      storeError(sqlFailureIn(error) ?? unavailable(error)),
    )
  }
}

function unavailable(cause: unknown): StoreError {
  const failure: StoreError = {
    type: 'store-unavailable',
    store: 'postgres',
    operation: 'session revocations',
    message: 'PostgreSQL could not be asked for session revocations',
    retryable: true,
  }
  return withCause(failure, cause)
}

/** These statements meet no constraint and wait for no lock in circles; a trigger might. */
function storeError(error: SqlError): StoreError {
  if (error.type !== 'constraint-violated' && error.type !== 'serialization-failed') return error
  const refused: StoreError = {
    type: 'store-refused',
    store: 'postgres',
    operation: 'session revocations',
    message: error.message,
    retryable: error.retryable,
  }
  return withCause(refused, error.cause)
}
