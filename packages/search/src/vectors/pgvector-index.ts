import * as z from 'zod/mini'
import {
  batchesOf,
  CallBudget,
  checkOptions,
  eachInParallel,
  once,
  option,
  strictOptions,
  withCause,
} from '@headwater/core'
import type { CallOptions, ResultAsync, SqlError, StoreError, Stores } from '@headwater/core'
import { IndexLook } from './index-look.ts'
import { pgvectorFilter } from './pgvector-filter.ts'
import {
  countVectors,
  deleteVectors,
  listVectors,
  selectDimensions,
  selectNearest,
  selectVectors,
  updateVector,
  upsertVectors,
} from './pgvector-queries.ts'
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

/** Options of {@link pgvectorIndex}. */
export interface PgvectorIndexOptions {
  /** The namespace of the records; all namespaces share one table. */
  readonly namespace: string
  /**
   * Length of the vectors, 1 to 16,000.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
}

/** The defaults of {@link PgvectorIndexOptions}. */
export const pgvectorIndexDefaults = {
  dimensions: 1536,
} as const satisfies Partial<PgvectorIndexOptions>

const limits = { upsertRecords: 500, upsertBytes: 8_000_000, fetchIds: 1_000 } as const

/**
 * A vector index in the host's PostgreSQL with the extension pgvector: exact, visible at once, and
 * part of every backup. A query reads every record of its namespace, which suits catalogues of tens
 * of thousands of records. A call costs one round trip, and one more for each further 500 records
 * or 8 MB to store and 1,000 to fetch.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const sets = [repositoriesMigrations, searchMigrations, pgvectorMigrations]
 * orThrow(await migrate(stores, { sets }))
 * const search = createCourseSearch(stores, {
 *   courses,
 *   embedder,
 *   index: ({ name, profile: { dimensions } }) =>
 *     pgvectorIndex(stores, { namespace: name, dimensions }),
 * })
 * ```
 */
export function pgvectorIndex(stores: Stores, options: PgvectorIndexOptions): VectorIndex {
  return new PgvectorIndex(
    stores,
    checkOptions('pgvectorIndex', rules(), { ...pgvectorIndexDefaults, ...options }),
  )
}

const rules = once(() =>
  strictOptions<PgvectorIndexOptions>({
    namespace: option.text(),
    dimensions: option.count().check(z.maximum(16_000, 'expected 16000 or less')),
  }),
)

interface VectorRow {
  readonly id: string
  readonly embedding: string
  readonly metadata: VectorMetadata
}

class PgvectorIndex implements VectorIndex {
  readonly dimensions: number
  readonly #stores: Stores
  readonly #namespace: string
  readonly #look: IndexLook

  constructor(stores: Stores, { namespace, dimensions }: Required<PgvectorIndexOptions>) {
    this.dimensions = dimensions
    this.#stores = stores
    this.#namespace = namespace
    this.#look = new IndexLook({
      store: 'postgres',
      index: namespace,
      needed: { dimensions },
      look: (call) =>
        this.#run<{ dimensions: number }>(selectDimensions, [], call).map(([row]) => row ?? {}),
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
        // One statement cannot replace a record twice: the last write counts.
        const rows = [...new Map(records.map((record) => [record.id, record])).values()].map(toRow)
        const batches = batchesOf(rows, {
          maxItems: limits.upsertRecords,
          weights: [
            {
              of: ([, vector, metadata]) => vector.length + metadata.length,
              max: limits.upsertBytes,
            },
          ],
        })
        const store = () =>
          this.#each(batches, budget.left(), (batch) => [
            upsertVectors,
            ...[0, 1, 2].map((column) => batch.map((row) => row[column])),
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
    const values: unknown[] = [this.#namespace, JSON.stringify(vector), topK]
    return (
      checkQuery(query, this.dimensions)
        .asyncAndThen(() => {
          const text = selectNearest(filter === undefined ? 'true' : pgvectorFilter(filter, values))
          const nearest = () =>
            this.#stores.postgres.query<VectorMatch>(text, values, options).mapErr(toStoreError)
          return this.#look.before(nearest, options)
        })
        // A vector without direction is similar to none.
        .map(({ rows }) =>
          rows.map(({ id, score, metadata }) => ({
            id,
            score: Number.isNaN(score) ? 0 : score,
            metadata,
          })),
        )
    )
  }

  fetch(
    ids: readonly string[],
    options?: CallOptions,
  ): ResultAsync<ReadonlyMap<string, VectorRecord>, VectorIndexError> {
    const batches = batchesOf([...new Set(ids)], { maxItems: limits.fetchIds })
    return this.#each<string, VectorRow>(batches, options, (batch) => [selectVectors, batch]).map(
      (rows) =>
        new Map(
          rows.map(({ id, embedding, metadata }) => [
            id,
            { id, values: (JSON.parse(embedding) as number[]).map(Math.fround), metadata },
          ]),
        ),
    )
  }

  updateMetadata(
    id: string,
    metadata: VectorMetadata,
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError> {
    return checkMetadata(metadata)
      .asyncAndThen(() => this.#run(updateVector, [id, JSON.stringify(metadata)], options))
      .map(() => undefined)
  }

  delete(ids: readonly string[], options?: CallOptions): ResultAsync<void, VectorIndexError> {
    return this.#run(deleteVectors, [ids], options).map(() => undefined)
  }

  list(options: VectorListOptions = {}): ResultAsync<VectorIdPage, VectorIndexError> {
    const { prefix = '', limit = 100, cursor = '', ...call } = options
    return checkPage(options)
      .asyncAndThen(() => this.#run<{ id: string }>(listVectors, [prefix, cursor, limit + 1], call))
      .map((rows) => {
        const ids = rows.slice(0, limit).map(({ id }) => id)
        return { ids, nextCursor: rows.length > limit ? (ids.at(-1) ?? null) : null }
      })
  }

  stats(options?: CallOptions): ResultAsync<VectorIndexStats, VectorIndexError> {
    return this.#run<{ count: number }>(countVectors, [], options).map(([row]) => ({
      recordCount: row?.count ?? 0,
    }))
  }

  #run<Row extends object>(
    text: string,
    values: readonly unknown[],
    options: CallOptions = {},
  ): ResultAsync<Row[], StoreError> {
    return this.#stores.postgres
      .query<Row>(text, [this.#namespace, ...values], options)
      .map(({ rows }) => [...rows])
      .mapErr(toStoreError)
  }

  /** Runs one statement per batch, all within the deadline of the call. */
  #each<Item, Row extends object>(
    batches: readonly Item[][],
    options: CallOptions | undefined,
    statement: BatchStatement<Item>,
  ): ResultAsync<Row[], StoreError> {
    const budget = new CallBudget(this.#stores.clock, options)
    return eachInParallel(batches, 1, (batch) => {
      const [text, ...values] = statement(batch)
      return this.#run<Row>(text, values, budget.left())
    }).map((rows) => rows.flat())
  }
}

type BatchStatement<Item> = (batch: Item[]) => readonly [text: string, ...values: unknown[]]

function toRow({
  id,
  values,
  metadata,
}: VectorRecord): readonly [id: string, vector: string, metadata: string] {
  return [id, JSON.stringify(values), JSON.stringify(metadata)]
}

/**
 * Maps a failure of SQL to one of a store. No constraint refuses a checked record; a collision with
 * another writer is transient.
 */
function toStoreError(failure: SqlError): StoreError {
  if (failure.type !== 'constraint-violated' && failure.type !== 'serialization-failed')
    return failure
  const asked = { message: failure.message, store: 'postgres', operation: 'vectors' } as const
  return withCause<StoreError>(
    failure.type === 'constraint-violated'
      ? { type: 'store-refused', retryable: false, ...asked }
      : { type: 'store-unavailable', retryable: true, ...asked },
    failure,
  )
}
