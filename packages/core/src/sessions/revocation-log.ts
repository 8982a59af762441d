import type { SqlError, StoreError } from '../errors.ts'
import { errAsync, ResultAsync } from '../result.ts'
import { type PostgresStore } from '../stores/postgres/postgres-store.ts'
import { sqlFailureIn } from '../failure-error.ts'
import type { SqlClient } from '../stores/sql-client.ts'

/** That sessions ended before their time. */
export interface Revocation {
  /** Names it. */
  readonly id: string
  /** Whose sessions ended, all of them; `null` when only `sessions` did. */
  readonly user: string | null
  /** Hashes of the tokens that ended, as far as they are known. */
  readonly sessions: readonly string[]
  /** The epoch of the user that it began; `null` until Redis was told. */
  readonly epoch: string | null
  /** The largest epoch of the user that another revocation began. */
  readonly knownEpoch: string
  /** Whether Redis has been told. */
  readonly isApplied: boolean
}

/** What Redis has been told. */
export interface AppliedRevocation {
  /** Names it. */
  readonly id: string
  /** The epoch of the user that it began. */
  readonly epoch: string | null
  /** Hashes of the tokens that ended by it. */
  readonly sessions: readonly string[]
}

/** Who is to be written down: all sessions of a user, or some. */
export type Revoked =
  { readonly user: string } | { readonly session: string; readonly isApplied: boolean }

/**
 * Which revocations are told to Redis again: all, those that nobody has noted as told, or those of
 * them whose writer has had the time to do so.
 */
export type ReplayScope = 'all' | 'pending' | 'overdue'

/** How many are read at once. */
const pageSize = 500

/** Long enough for a page, short enough for somebody who waits for it. */
const deadlineMs = 2_000

/** The revocations of all processes with one key prefix, in PostgreSQL. */
export class RevocationLog {
  readonly #postgres: PostgresStore
  readonly #prefix: string

  constructor(postgres: PostgresStore, prefix: string) {
    this.#postgres = postgres
    this.#prefix = prefix
  }

  /** Writes a revocation down. One round trip. */
  write(revoked: Revoked): ResultAsync<Revocation, StoreError> {
    return this.#postgres
      .query<Revocation>(insertSql, this.#values(revoked))
      .map(({ rows }) => rows[0] as Revocation)
      .mapErr(storeError)
  }

  /** The same within a transaction. Rejects as its statements do. */
  async writeWithin(tx: SqlClient, revoked: Revoked): Promise<Revocation> {
    const { rows } = await tx.query<Revocation>(insertSql, this.#values(revoked))
    return rows[0] as Revocation
  }

  /** Notes that Redis has been told. One round trip. */
  mark(applied: readonly AppliedRevocation[]): ResultAsync<unknown, StoreError> {
    return this.#reserved(markSql, [JSON.stringify(applied)])
  }

  /**
   * Reads revocations beyond `after`, in the order of their ids, a page at a time. One round trip.
   */
  page(scope: ReplayScope, after: string): ResultAsync<readonly Revocation[], StoreError> {
    // Before the migrations have run nobody can have written one.
    return this.#reserved<Revocation>(selectSql[scope], [this.#prefix, after, pageSize]).orElse(
      (failure) =>
        failure.type === 'store-refused' && failure.code === '42P01'
          ? ResultAsync.fromSafePromise(Promise.resolve([]))
          : errAsync(failure),
    )
  }

  /** Whether a page was the last one. */
  isLast(page: readonly Revocation[]): boolean {
    return page.length < pageSize
  }

  /** Removes revocations of sessions that would have ended by themselves. One round trip. */
  purge(olderThanMs: number): ResultAsync<unknown, StoreError> {
    return this.#reserved(purgeSql, [this.#prefix, olderThanMs])
  }

  #values(revoked: Revoked): unknown[] {
    return 'user' in revoked
      ? [this.#prefix, revoked.user, [], false]
      : [this.#prefix, null, [revoked.session], revoked.isApplied]
  }

  /** On a reserved connection: sessions must not wait for a pool that is full. */
  #reserved<Row extends object>(
    text: string,
    values: readonly unknown[],
  ): ResultAsync<Row[], StoreError> {
    const rows = this.#postgres.withConnection(
      async (connection) => (await connection.query<Row>(text, values)).rows,
      { reserved: true, deadlineMs },
    )
    return ResultAsync.fromPromise(rows, (error) =>
      storeError(sqlFailureIn(error) ?? unexpected(error)),
    )
  }
}

function unexpected(cause: unknown): StoreError {
  return {
    type: 'store-unavailable',
    store: 'postgres',
    operation: 'session revocations',
    message: 'PostgreSQL could not be asked for session revocations',
    retryable: true,
    cause,
  }
}

/** No constraint stands in the way of these statements, and nothing to wait for in circles. */
function storeError(error: SqlError): StoreError {
  if (error.type !== 'constraint-violated' && error.type !== 'serialization-failed') return error
  return {
    type: 'store-refused',
    store: 'postgres',
    operation: 'session revocations',
    message: error.message,
    retryable: error.retryable,
    cause: error.cause,
  }
}

const columns =
  'r.id::text AS id, r.user_id AS "user", r.sessions, r.epoch::text AS epoch, r.is_applied AS "isApplied"'
const knownEpoch = `coalesce((SELECT max(o.epoch) FROM @schema.session_revocation o WHERE o.prefix = r.prefix AND o.user_id = r.user_id), 0)::text AS "knownEpoch"`

const insertSql = `
  INSERT INTO @schema.session_revocation AS r (prefix, user_id, sessions, is_applied)
  VALUES ($1, $2, $3::text[], $4)
  RETURNING ${columns}, ${knownEpoch}`

const selectWhere = (condition: string): string => `
  SELECT ${columns}, ${knownEpoch}
  FROM @schema.session_revocation r
  WHERE r.prefix = $1 AND r.id > $2::bigint AND ${condition}
  ORDER BY r.id
  LIMIT $3`

const selectSql: Readonly<Record<ReplayScope, string>> = {
  all: selectWhere('true'),
  pending: selectWhere('NOT r.is_applied'),
  overdue: selectWhere(
    "NOT r.is_applied AND r.revoked_at < clock_timestamp() - interval '500 milliseconds'",
  ),
}

const markSql = `
  UPDATE @schema.session_revocation r
  SET is_applied = true,
      epoch = coalesce(r.epoch, a.epoch),
      sessions = ARRAY(SELECT unnest(r.sessions) UNION SELECT jsonb_array_elements_text(a.sessions))
  FROM jsonb_to_recordset($1::jsonb) AS a (id bigint, epoch bigint, sessions jsonb)
  WHERE r.id = a.id`

const purgeSql = `
  DELETE FROM @schema.session_revocation
  WHERE prefix = $1 AND revoked_at < clock_timestamp() - $2 * interval '1 millisecond'`
