import type { CacheKey } from '../cache-key.ts'
import type { NewEvent } from '../outbox/log/event.ts'
import type { AsyncResult } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'

/**
 * An open transaction. A statement that fails rejects and poisons it: no later statement runs and
 * COMMIT is never sent.
 */
export interface Transaction extends SqlClient {
  /**
   * Announces that the transaction changes the source of these keys: no cached value older than the
   * commit is served after it.
   */
  invalidate(...keys: readonly CacheKey[]): void
  /**
   * Publishes events with the commit: all of a transaction's events are inserted by one statement,
   * sent together with COMMIT.
   */
  publish(...events: readonly NewEvent[]): void
}

/** The work of a transaction: it returns the value to commit with, or the reason to roll back. */
export type TransactionWork<T, E> = (tx: Transaction) => AsyncResult<T, E>
