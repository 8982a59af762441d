import type { Index, Pinecone } from '@pinecone-database/pinecone'
import type { StoreError } from '../../errors.ts'
import type { CallOptions } from '../../call-options.ts'
import { createGuard, type Guard, type GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'
import { guardDeletes } from './guarded-index.ts'
import type { StoreContext } from '../store-kind.ts'
import { pineconeComplaint, type PineconeExchanges } from './pinecone-exchange.ts'
import type { PineconeSettings } from './pinecone-options.ts'
import type { PineconeDescription, PineconeStore } from './pinecone-store.ts'

/** Pinecone over the official client, made here or handed in. */
export class PineconeClientStore implements PineconeStore {
  readonly client: Pinecone
  readonly indexName: string
  readonly #index: Index
  readonly #exchanges: PineconeExchanges
  readonly #guard: Guard

  constructor(
    client: Pinecone,
    exchanges: PineconeExchanges,
    settings: PineconeSettings,
    { clock, diagnostics }: StoreContext,
  ) {
    this.client = client
    this.indexName = settings.index
    this.#exchanges = exchanges
    this.#index = guardDeletes(
      client.index({
        name: settings.index,
        ...(settings.host === undefined ? {} : { host: settings.host }),
      }),
    )
    this.#guard = createGuard({
      store: 'pinecone',
      clock,
      diagnostics,
      classify: pineconeComplaint,
      deadlineMs: settings.deadlineMs,
    })
  }

  run<T>(
    operation: string,
    use: (index: Index) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError> {
    return this.#guard.run(
      operation,
      (signal) => this.#exchanges.call(signal, () => use(this.#index)),
      options,
    )
  }

  describe(options: CallOptions = {}): ResultAsync<PineconeDescription, StoreError> {
    return this.run(
      'describe index',
      async (index) => {
        const { dimension } = await index.describeIndexStats()
        // The client leaves out the rest of the answer.
        const { metric, vectorType } = this.#exchanges.description()
        return { dimensions: dimension, metric, kind: vectorType }
      },
      { ...options, isIdempotent: true },
    )
  }
}
