import type { CacheKey } from '../cache-key.ts'
import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import { withCause } from '../failure/with-cause.ts'

/** A change of keys in a transaction that the host runs itself, through an ORM for instance. */
export interface Change {
  /**
   * Announces that the transaction changes the rows from which these keys are loaded. To be called
   * as soon as the keys are known.
   */
  invalidate(...keys: readonly CacheKey[]): void
  /**
   * Makes sure that readers do not store what the commit makes old. To be awaited after the last
   * statement that writes and just before COMMIT, which must follow within half the life of a hold.
   * On `Err`, roll back: Redis is out of reach, and PostgreSQL refused the intent that replaces the
   * hold. One round trip to Redis.
   */
  hold(): ResultAsync<void, SqlError>
  /**
   * Ends the change. To be called after COMMIT or ROLLBACK, but not when the outcome is unknown:
   * the holds expire then. Never rejects. The change may be used again for another attempt.
   */
  release(): Promise<void>
}

/** Options of {@link beginChange}. */
export interface ChangeOptions {
  /**
   * The transaction of the host. It is asked for its id when Redis does not answer, so that other
   * processes can find out when it has ended. Without it they wait for the release, or a minute.
   */
  readonly tx?: SqlClient
}

/**
 * Begins a change of keys for a transaction of the host: `invalidate` as early as possible, `hold`
 * before COMMIT, `release` after it.
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
  let change = stores.invalidation.begin()
  return {
    invalidate: (...keys) => {
      change.invalidate(keys)
    },
    hold: () => {
      // Only now is the transaction certain to have an id: it comes with the first write.
      change.begin()
      return ResultAsync.fromPromise(
        change.hold(() => transactionIdOf(tx)),
        failureOf,
      )
    },
    release: () => {
      const ended = change
      change = stores.invalidation.begin()
      return ended.release()
    },
  }
}

/**
 * Invalidates keys outside a transaction, after rows were changed by other means: no read that
 * begins after it has returned `Ok` returns a value loaded before the call. When Redis is out of
 * reach an intent is written to PostgreSQL instead; `Err` means that this failed too. Two round
 * trips to Redis.
 *
 * @example
 * ```ts
 * await stores.postgres.query('UPDATE @schema.courses SET price = price * 0.9')
 * orThrow(await invalidate(stores, courses.key(5), courses.key(7)))
 * ```
 */
export function invalidate(
  stores: Stores,
  ...keys: readonly CacheKey[]
): ResultAsync<void, SqlError> {
  const change = beginChange(stores)
  change.invalidate(...keys)
  return change.hold().andThen(() => ResultAsync.fromSafePromise(change.release()))
}

async function transactionIdOf(tx: SqlClient | undefined): Promise<string | undefined> {
  const result = await tx?.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid')
  return result?.rows[0]?.xid
}

function failureOf(error: unknown): SqlError {
  const failure = sqlFailureIn(error)
  if (failure !== undefined) return failure
  const failed: SqlError = {
    type: 'store-unavailable',
    store: 'postgres',
    operation: 'hold',
    message: 'the transaction did not return its id',
    retryable: true,
  }
  return withCause(failed, error)
}
