import type { Index, Pinecone } from '@pinecone-database/pinecone'
import type { StoreError } from '../../errors.ts'
import type { GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'

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
