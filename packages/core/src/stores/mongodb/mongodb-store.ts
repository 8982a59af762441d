import type { Db, MongoClient } from 'mongodb'
import type { StoreError } from '../../errors.ts'
import type { GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'

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
