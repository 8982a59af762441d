import type { CacheKey } from '../cache/cache-key.ts'
import type { NewEvent } from '../outbox/event.ts'
import type { SqlClient } from './sql-client.ts'

/**
 * A transaction under way. A statement that fails rejects and poisons it: no later statement runs and COMMIT is never sent.
 */
export interface Transaction extends SqlClient {
  /**
   * Announces that the transaction changes what these keys are loaded from: no cached value older than the commit is served after it.
   */
  invalidate(...keys: readonly CacheKey[]): void
  /**
   * Publishes events with the commit: all of a transaction's events are inserted by one statement just before COMMIT.
   */
  publish(...events: readonly NewEvent[]): void
}
