import type { Db, MongoClient } from 'mongodb'
import type { StoreError } from '../../errors.ts'
import type { GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'

/** MongoDB: activity log and analytics. */
export interface MongodbStore {
  /**
   * The client, for what the SDK does not do. Owned by the host when the host handed it in. Where a
   * function returns the password, the first call and each change of the password make another one:
   * keep neither it nor its collections.
   */
  readonly client: MongoClient
  /**
   * Runs one operation within the deadline, behind a breaker. `signal` is to be passed to the
   * driver's call. `use` is called once more where the client had given up, or where the server
   * refused a password that has changed: what it sends must bear being sent twice.
   */
  run<T>(
    operation: string,
    use: (database: Db, signal: AbortSignal) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError>
}
