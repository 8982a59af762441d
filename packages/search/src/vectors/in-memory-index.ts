import { checkOptions, okAsync, once, option, strictOptions } from '@headwater/core'
import type { ResultAsync } from '@headwater/core'
import { passesFilter } from './metadata-filter.ts'
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

/** Options of {@link inMemoryVectorIndex}. */
export interface InMemoryVectorIndexOptions {
  /**
   * Length of the vectors.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
}

/** The defaults of {@link InMemoryVectorIndexOptions}. */
export const inMemoryVectorIndexDefaults = { dimensions: 1536 } as const

/**
 * An index in the memory of this process: exact, visible at once, lost with the process. A query
 * reads every record. For tests, and for a few thousand records that one process serves.
 *
 * @throws InvalidOptions when `dimensions` is not a positive integer.
 */
export function inMemoryVectorIndex(options: InMemoryVectorIndexOptions = {}): VectorIndex {
  const { dimensions } = checkOptions('inMemoryVectorIndex', rules(), {
    ...inMemoryVectorIndexDefaults,
    ...options,
  })
  return new InMemoryIndex(dimensions)
}

const rules = once(() => strictOptions<InMemoryVectorIndexOptions>({ dimensions: option.count() }))

class InMemoryIndex implements VectorIndex {
  readonly dimensions: number
  readonly #records = new Map<string, VectorRecord>()

  constructor(dimensions: number) {
    this.dimensions = dimensions
  }

  upsert(records: readonly VectorRecord[]): ResultAsync<void, VectorIndexError> {
    return checkRecords(records, this.dimensions).asyncMap(async () => {
      for (const { id, values, metadata } of records)
        this.#records.set(id, { id, values: values.map(Math.fround), metadata: { ...metadata } })
    })
  }

  query(query: VectorQuery): ResultAsync<readonly VectorMatch[], VectorIndexError> {
    return checkQuery(query, this.dimensions).asyncMap(async () =>
      this.#matchesOf(query).slice(0, query.topK),
    )
  }

  fetch(ids: readonly string[]): ResultAsync<ReadonlyMap<string, VectorRecord>, VectorIndexError> {
    return okAsync(
      new Map(
        ids.flatMap((id) => {
          const record = this.#records.get(id)
          return record === undefined ? [] : [[id, record] as const]
        }),
      ),
    )
  }

  updateMetadata(id: string, metadata: VectorMetadata): ResultAsync<void, VectorIndexError> {
    return checkMetadata(metadata).asyncMap(async () => {
      const record = this.#records.get(id)
      if (record !== undefined)
        this.#records.set(id, { ...record, metadata: { ...record.metadata, ...metadata } })
    })
  }

  delete(ids: readonly string[]): ResultAsync<void, VectorIndexError> {
    for (const id of ids) this.#records.delete(id)
    return okAsync(undefined)
  }

  list(options: VectorListOptions = {}): ResultAsync<VectorIdPage, VectorIndexError> {
    return checkPage(options).asyncMap(async () => {
      const { prefix = '', limit = 100, cursor = '' } = options
      const rest = [...this.#records.keys()]
        .filter((id) => id.startsWith(prefix) && id > cursor)
        .sort()
      const ids = rest.slice(0, limit)
      return { ids, nextCursor: rest.length > limit ? (ids.at(-1) ?? null) : null }
    })
  }

  stats(): ResultAsync<VectorIndexStats, VectorIndexError> {
    return okAsync({ recordCount: this.#records.size })
  }

  #matchesOf({ vector, filter }: VectorQuery): VectorMatch[] {
    const length = Math.hypot(...vector)
    return [...this.#records.values()]
      .filter(({ metadata }) => filter === undefined || passesFilter(metadata, filter))
      .map(({ id, values, metadata }) => ({
        id,
        score: dot(values, vector) / (length * Math.hypot(...values) || 1),
        metadata,
      }))
      .sort((left, right) => right.score - left.score)
  }
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0)
}
