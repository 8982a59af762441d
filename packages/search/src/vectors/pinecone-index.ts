import {
  batchesOf,
  CallBudget,
  checkOptions,
  eachInParallel,
  err,
  invalidOption,
  ok,
  once,
  option,
  strictOptions,
} from '@headwater/core'
import type { CallOptions, PineconeStore, ResultAsync, StoreError, Stores } from '@headwater/core'
import type { Index } from '@pinecone-database/pinecone'
import { IndexLook } from './index-look.ts'
import { pineconeFilter } from './pinecone-filter.ts'
import { bytesOf, fromPinecone, toMetadata, toPinecone } from './pinecone-record.ts'
import { checkMetadata, checkPage, checkQuery, checkRecords } from './vector-checks.ts'
import type {
  VectorIdPage,
  VectorIndex,
  VectorIndexError,
  VectorIndexStats,
  VectorListOptions,
  VectorMatch,
  VectorMetadata,
  VectorQuery,
  VectorRecord,
} from './vector-index.ts'

/** Options of {@link pineconeIndex}. */
export interface PineconeIndexOptions {
  /** The namespace of the records; created by the first write. */
  readonly namespace: string
  /**
   * Length of the index's vectors.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
  /**
   * Concurrent requests of one call.
   *
   * @defaultValue `4`
   */
  readonly concurrency?: number
}

/** The defaults of {@link PineconeIndexOptions}. */
export const pineconeIndexDefaults = { dimensions: 1536, concurrency: 4 } as const

/** A request may hold 1,000 records and 2 MB; the ids of a fetch are part of the URL. */
const limits = {
  upsertRecords: 1_000,
  upsertBytes: 1_900_000,
  fetchIds: 100,
  deleteIds: 1_000,
} as const

/**
 * A vector index in Pinecone, over the connected store. A call costs one request, and one more for
 * each further 1,000 records or 1.9 MB to store (about 60 records of 1,536 dimensions), 100 to
 * fetch and 1,000 to delete. Transient failures are retried within the deadline. An index of
 * another dimension, metric or kind is refused as `index-mismatch`, which costs one request at the
 * first use, and one a minute after that.
 *
 * @throws InvalidOptions when the stores were connected without Pinecone, or an option breaks a
 *   rule.
 */
export function pineconeIndex(stores: Stores, options: PineconeIndexOptions): VectorIndex {
  if (stores.pinecone === undefined)
    throw invalidOption(
      'pineconeIndex',
      'stores.pinecone',
      'expected stores that were connected with pinecone',
      undefined,
    )
  return new PineconeIndex(
    stores,
    stores.pinecone,
    checkOptions('pineconeIndex', rules(), { ...pineconeIndexDefaults, ...options }),
  )
}

const rules = once(() =>
  strictOptions<PineconeIndexOptions>({
    namespace: option.text(),
    dimensions: option.count(),
    concurrency: option.count(),
  }),
)

class PineconeIndex implements VectorIndex {
  readonly dimensions: number
  readonly #stores: Stores
  readonly #store: PineconeStore
  readonly #namespace: string
  readonly #concurrency: number
  readonly #look: IndexLook

  constructor(
    stores: Stores,
    store: PineconeStore,
    { namespace, dimensions, concurrency }: Required<PineconeIndexOptions>,
  ) {
    this.dimensions = dimensions
    this.#stores = stores
    this.#store = store
    this.#namespace = namespace
    this.#concurrency = concurrency
    this.#look = new IndexLook({
      store: 'pinecone',
      index: store.indexName,
      needed: { dimensions, metric: 'cosine', kind: 'dense' },
      look: (call) => store.describe(call),
      clock: stores.clock,
    })
  }

  upsert(
    records: readonly VectorRecord[],
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError> {
    const budget = new CallBudget(this.#stores.clock, options)
    return checkRecords(records, this.dimensions)
      .asyncAndThen(() => {
        const batches = batchesOf(records.map(toPinecone), {
          maxItems: limits.upsertRecords,
          weights: [{ of: bytesOf, max: limits.upsertBytes }],
        })
        const store = () =>
          this.#each(batches, budget.left(), (batch, namespace) => [
            'upsert',
            (index) => index.upsert({ records: batch, namespace }),
          ])
        return this.#look.before(store, budget.left())
      })
      .map(() => undefined)
  }

  query(
    query: VectorQuery,
    options?: CallOptions,
  ): ResultAsync<readonly VectorMatch[], VectorIndexError> {
    const { vector, topK, filter } = query
    const request = (index: Index, namespace: string) =>
      index.query({
        vector: [...vector],
        topK,
        includeMetadata: true,
        namespace,
        ...(filter === undefined ? {} : { filter: pineconeFilter(filter) }),
      })
    return checkQuery(query, this.dimensions)
      .asyncAndThen(() => this.#look.beside(() => this.#run('query', request, options), options))
      .map(({ matches = [] }) =>
        matches.map(({ id, score = 0, metadata = {} }) => ({ id, score, metadata })),
      )
  }

  fetch(
    ids: readonly string[],
    options?: CallOptions,
  ): ResultAsync<ReadonlyMap<string, VectorRecord>, VectorIndexError> {
    const batches = batchesOf([...new Set(ids)], { maxItems: limits.fetchIds })
    return this.#each(batches, options, (batch, namespace) => [
      'fetch',
      (index) => index.fetch({ ids: batch, namespace }),
    ]).map(
      (replies) =>
        new Map(
          replies.flatMap(({ records = {} }) =>
            Object.entries(records).map(([id, record]) => [id, fromPinecone(id, record)] as const),
          ),
        ),
    )
  }

  updateMetadata(
    id: string,
    metadata: VectorMetadata,
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError> {
    return checkMetadata(metadata).asyncAndThen(() =>
      this.#run(
        'update',
        (index, namespace) => index.update({ id, metadata: toMetadata(metadata), namespace }),
        options,
      ),
    )
  }

  delete(ids: readonly string[], options?: CallOptions): ResultAsync<void, VectorIndexError> {
    const batches = batchesOf([...new Set(ids)], { maxItems: limits.deleteIds })
    return this.#each(batches, options, (batch, namespace) => [
      'delete',
      (index) => index.deleteMany({ ids: batch, namespace }),
    ])
      .map(() => undefined)
      .orElse((failure) => (isAbsent(failure) ? ok(undefined) : err(failure)))
  }

  list(options: VectorListOptions = {}): ResultAsync<VectorIdPage, VectorIndexError> {
    const { prefix, limit = 100, cursor, ...call } = options
    const page = {
      limit,
      ...(prefix === undefined ? {} : { prefix }),
      ...(cursor === undefined ? {} : { paginationToken: cursor }),
    }
    return checkPage(options)
      .asyncAndThen(() =>
        this.#run('list', (index, namespace) => index.listPaginated({ ...page, namespace }), call),
      )
      .map(({ vectors = [], pagination: { next = '' } = {} }) => ({
        ids: vectors.flatMap(({ id }) => id ?? []),
        nextCursor: next === '' ? null : next,
      }))
  }

  stats(options?: CallOptions): ResultAsync<VectorIndexStats, VectorIndexError> {
    return this.#run('stats', (index) => index.describeIndexStats(), options).map(
      ({ namespaces = {} }) => ({ recordCount: namespaces[this.#namespace]?.recordCount ?? 0 }),
    )
  }

  #run<T>(
    operation: string,
    use: (index: Index, namespace: string) => Promise<T>,
    options: CallOptions = {},
  ): ResultAsync<T, StoreError> {
    return this.#store.run(operation, (index) => use(index, this.#namespace), {
      ...options,
      isIdempotent: true,
    })
  }

  /** Sends one request per batch, all within the deadline of the call. */
  #each<Batch, T>(
    batches: readonly Batch[],
    options: CallOptions | undefined,
    request: BatchRequest<Batch, T>,
  ): ResultAsync<T[], StoreError> {
    const budget = new CallBudget(this.#stores.clock, options)
    return eachInParallel(batches, this.#concurrency, (batch) => {
      const [operation, use] = request(batch, this.#namespace)
      return this.#run(operation, use, budget.left())
    })
  }
}

/** Whether a namespace does not exist yet: the service refuses to delete from it. */
function isAbsent(failure: StoreError): boolean {
  return failure.type === 'store-refused' && failure.code === '404'
}

type BatchRequest<Batch, T> = (
  batch: Batch,
  namespace: string,
) => readonly [operation: string, use: (index: Index) => Promise<T>]
