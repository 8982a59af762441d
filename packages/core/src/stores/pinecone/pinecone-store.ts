import type { Index, Pinecone } from '@pinecone-database/pinecone'
import type { StoreError } from '../../errors.ts'
import type { CallOptions } from '../../call-options.ts'
import type { GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'

/** What an index is made for, as far as it says. */
export interface PineconeDescription {
  /** Length of its vectors; absent for sparse ones. */
  readonly dimensions?: number | undefined
  /** How it compares them, for instance `cosine`; hidden by a client of the host's own. */
  readonly metric?: string | undefined
  /** `dense` or `sparse`; hidden by a client of the host's own. */
  readonly kind?: string | undefined
}

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
  /** Asks the index what it is made for. Costs one request. */
  describe(options?: CallOptions): ResultAsync<PineconeDescription, StoreError>
}
