import { errAsync, okAsync } from '@headwater/core'
import type { InvalidInput, ResultAsync } from '@headwater/core'
import type {
  DimensionMismatch,
  MetadataValue,
  VectorCondition,
  VectorFilter,
  VectorIdPage,
  VectorIndex,
  VectorIndexError,
  VectorIndexStats,
  VectorListOptions,
  VectorMatch,
  VectorMetadata,
  VectorQuery,
  VectorRecord,
} from '@headwater/search'

type Refusal = InvalidInput | DimensionMismatch

/** The plainest index that keeps the contract: a map. */
export class InMemoryVectorIndex implements VectorIndex {
  readonly dimensions = 8
  protected readonly records = new Map<string, VectorRecord>()

  upsert(records: readonly VectorRecord[]): ResultAsync<void, VectorIndexError> {
    const refusal = records
      .map((record) => this.refusalOf(record))
      .find((found) => found !== undefined)
    if (refusal !== undefined) return errAsync(refusal)
    for (const record of records) this.records.set(record.id, record)
    return okAsync(undefined)
  }

  query({
    vector,
    topK,
    filter,
  }: VectorQuery): ResultAsync<readonly VectorMatch[], VectorIndexError> {
    if (!isWithin(topK, 10_000)) return errAsync(invalid('topK'))
    const refusal = this.vectorRefusal(vector)
    if (refusal !== undefined) return errAsync(refusal)
    const matches = [...this.records.values()]
      .filter(({ metadata }) => filter === undefined || this.passes(metadata, filter))
      .map(({ id, values, metadata }) => ({ id, score: this.score(values, vector), metadata }))
    return okAsync(matches.sort((left, right) => right.score - left.score).slice(0, topK))
  }

  fetch(ids: readonly string[]): ResultAsync<ReadonlyMap<string, VectorRecord>, VectorIndexError> {
    const found = ids.map((id) => this.records.get(id)).filter((record) => record !== undefined)
    return okAsync(new Map(found.map((record) => [record.id, record])))
  }

  updateMetadata(id: string, metadata: VectorMetadata): ResultAsync<void, VectorIndexError> {
    const record = this.records.get(id)
    if (record !== undefined)
      this.records.set(id, { ...record, metadata: { ...record.metadata, ...metadata } })
    return okAsync(undefined)
  }

  delete(ids: readonly string[]): ResultAsync<void, VectorIndexError> {
    for (const id of ids) this.records.delete(id)
    return okAsync(undefined)
  }

  list({ prefix = '', limit = 100, cursor = '' }: VectorListOptions = {}): ResultAsync<
    VectorIdPage,
    VectorIndexError
  > {
    if (!isWithin(limit, 100)) return errAsync(invalid('limit'))
    const rest = [...this.records.keys()]
      .filter((id) => id.startsWith(prefix) && id > cursor)
      .sort()
    const ids = rest.slice(0, limit)
    return okAsync({ ids, nextCursor: rest.length > limit ? (ids.at(-1) ?? null) : null })
  }

  stats(): ResultAsync<VectorIndexStats, VectorIndexError> {
    return okAsync({ recordCount: this.records.size })
  }

  protected refusalOf({ id, values, metadata }: VectorRecord): Refusal | undefined {
    if (!/^[\u0001-\u007f]{1,512}$/.test(id)) return invalid('id')
    if (JSON.stringify(metadata).length > 40_960) return invalid('metadata')
    const refusal = this.vectorRefusal(values)
    return refusal ?? (values.every((value) => value === 0) ? invalid('values') : undefined)
  }

  protected vectorRefusal(values: readonly number[]): Refusal | undefined {
    if (values.length !== this.dimensions) return mismatch(this.dimensions, values.length)
    return values.every(Number.isFinite) ? undefined : invalid('values')
  }

  protected score(left: readonly number[], right: readonly number[]): number {
    return dot(left, right) / (Math.hypot(...left) * Math.hypot(...right))
  }

  protected passes(metadata: VectorMetadata, filter: VectorFilter): boolean {
    if (filter.op === 'and') return filter.filters.every((part) => this.passes(metadata, part))
    if (filter.op === 'or') return filter.filters.some((part) => this.passes(metadata, part))
    const value = metadata[filter.key]
    return value !== undefined && this.meets(value, filter)
  }

  protected meets(value: MetadataValue, filter: VectorCondition): boolean {
    if (filter.op === 'in') return filter.values.some((wanted) => holds(value, wanted))
    if (filter.op === 'nin') return !filter.values.some((unwanted) => holds(value, unwanted))
    if (filter.op === 'eq') return holds(value, filter.value)
    if (filter.op === 'ne') return !holds(value, filter.value)
    if (typeof value !== 'number') return false
    if (filter.op === 'gt') return value > filter.value
    if (filter.op === 'gte') return value >= filter.value
    return filter.op === 'lt' ? value < filter.value : value <= filter.value
  }
}

function holds(value: MetadataValue, wanted: string | number | boolean): boolean {
  return Array.isArray(value) ? value.includes(wanted) : value === wanted
}

/** The sum of the products. */
export function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, place) => sum + value * (right[place] ?? 0), 0)
}

function isWithin(count: number, max: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= max
}

function invalid(field: string): InvalidInput {
  return {
    type: 'invalid-input',
    message: `${field} is wrong`,
    retryable: false,
    field,
    issues: [{ field, message: 'is wrong' }],
  }
}

function mismatch(expected: number, received: number): DimensionMismatch {
  return {
    type: 'dimension-mismatch',
    message: `${received} dimensions, not ${expected}`,
    retryable: false,
    expected,
    received,
  }
}
