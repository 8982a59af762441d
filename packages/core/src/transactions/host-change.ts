import type { CacheKey } from '../cache-key.ts'
import type { SqlError } from '../errors.ts'
import { ResultAsync } from '../result.ts'
import { sqlFailureIn } from '../failure-error.ts'
import { type Stores } from '../connect/stores.ts'
import type { SqlClient } from '../stores/sql-client.ts'

/** A change of keys in a transaction that the host runs by itself, through an ORM for instance. */
export interface Change {
  /**
   * Announces that the transaction changes what these keys are loaded from. To be called as early
   * as the keys are known.
   */
  invalidate(...keys: readonly CacheKey[]): void
  /**
   * To be awaited just before COMMIT, which must follow within half the life of a hold. An `Err`
   * means that PostgreSQL refused to take note of what Redis could not be told: roll back. Nearly
   * free when Redis answers.
   */
  hold(): ResultAsync<void, SqlError>
  /**
   * To be called after COMMIT or ROLLBACK, but not when the outcome is unknown: the holds expire by
   * themselves then. Never rejects.
   */
  release(): Promise<void>
}

/** Options of {@link beginChange}. */
export interface ChangeOptions {
  /**
   * The host's transaction. Asked for its id when Redis does not answer, so that others can find
   * out when it has ended; without it they wait for the release, or a minute.
   */
  readonly tx?: SqlClient
}

/**
 * Begins a change of keys for a host's own transaction: `invalidate` as early as possible, `hold`
 * before its COMMIT, `release` after.
 *
 * @example
 * ```ts
 * const change = beginChange(stores)
 * await orm.transaction(async (tx) => {
 *   await tx.update(courses, { id: 5, title: 'Algebra' })
 *   change.invalidate(cache.key(5))
 *   orThrow(await change.hold())
 * }).finally(() => change.release())
 * ```
 */
export function beginChange(stores: Stores, { tx }: ChangeOptions = {}): Change {
  const change = stores.invalidation.begin()
  return {
    invalidate: (...keys) => {
      change.invalidate(keys)
    },
    hold: () =>
      ResultAsync.fromPromise(
        change.hold(() => transactionIdOf(tx)),
        failureOf,
      ),
    release: () => change.release(),
  }
}

async function transactionIdOf(tx: SqlClient | undefined): Promise<string | undefined> {
  const result = await tx?.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
  return result?.rows[0]?.xid
}

function failureOf(error: unknown): SqlError {
  const failure = sqlFailureIn(error)
  if (failure !== undefined) return failure
  return {
    type: 'store-unavailable',
    store: 'postgres',
    operation: 'hold',
    message: 'the transaction did not tell its id',
    retryable: true,
    cause: error,
  }
}
