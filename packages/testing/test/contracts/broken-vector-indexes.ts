import { errAsync, okAsync } from '@headwater/core'
import type { ResultAsync } from '@headwater/core'
import type {
  MetadataValue,
  VectorCondition,
  VectorFilter,
  VectorIdPage,
  VectorIndexError,
  VectorListOptions,
  VectorMatch,
  VectorMetadata,
  VectorQuery,
  VectorRecord,
} from '@headwater/search'
import { InMemoryVectorIndex, dot } from './in-memory-vector-index-fixture.ts'

type Done = ResultAsync<void, VectorIndexError>

/** Indexes that each break one promise, by that promise. */
export const brokenVectorIndexes: Readonly<Record<string, () => InMemoryVectorIndex>> = {
  'scores by dot product': () =>
    new (class extends InMemoryVectorIndex {
      protected override score = dot
    })(),

  'returns the worst matches first': () =>
    new (class extends InMemoryVectorIndex {
      override query(query: VectorQuery): ResultAsync<readonly VectorMatch[], VectorIndexError> {
        return super.query(query).map((matches) => matches.toReversed())
      }
    })(),

  'filters after it has cut to topK': () =>
    new (class extends InMemoryVectorIndex {
      override query({
        filter,
        ...query
      }: VectorQuery): ResultAsync<readonly VectorMatch[], VectorIndexError> {
        return super
          .query(query)
          .map((matches) =>
            matches.filter(({ metadata }) => filter === undefined || this.passes(metadata, filter)),
          )
      }
    })(),

  'lets an absent key meet ne': () =>
    new (class extends InMemoryVectorIndex {
      protected override passes(metadata: VectorMetadata, filter: VectorFilter): boolean {
        if (filter.op === 'ne' && metadata[filter.key] === undefined) return true
        return super.passes(metadata, filter)
      }
    })(),

  'compares lists as a whole': () =>
    new (class extends InMemoryVectorIndex {
      protected override meets(value: MetadataValue, filter: VectorCondition): boolean {
        return super.meets(Array.isArray(value) ? value.join() : value, filter)
      }
    })(),

  'takes or for and': () =>
    new (class extends InMemoryVectorIndex {
      protected override passes(metadata: VectorMetadata, filter: VectorFilter): boolean {
        return super.passes(metadata, filter.op === 'or' ? { ...filter, op: 'and' } : filter)
      }
    })(),

  'keeps old metadata when a record is replaced': () =>
    new (class extends InMemoryVectorIndex {
      override upsert(records: readonly VectorRecord[]): Done {
        return super.upsert(
          records.map((record) => ({
            ...record,
            metadata: { ...this.records.get(record.id)?.metadata, ...record.metadata },
          })),
        )
      }
    })(),

  'replaces all metadata in an update': () =>
    new (class extends InMemoryVectorIndex {
      override updateMetadata(id: string, metadata: VectorMetadata): Done {
        const record = this.records.get(id)
        if (record !== undefined) this.records.set(id, { ...record, metadata })
        return okAsync(undefined)
      }
    })(),

  'creates a record in an update': () =>
    new (class extends InMemoryVectorIndex {
      override updateMetadata(id: string, metadata: VectorMetadata): Done {
        if (this.records.has(id)) return super.updateMetadata(id, metadata)
        return super.upsert([{ id, values: [1, 0, 0, 0, 0, 0, 0, 0], metadata }])
      }
    })(),

  'refuses to delete what is absent': () =>
    new (class extends InMemoryVectorIndex {
      override delete(ids: readonly string[]): Done {
        if (ids.every((id) => this.records.has(id))) return super.delete(ids)
        return errAsync({
          type: 'store-refused',
          message: 'absent',
          retryable: false,
          store: 'pinecone',
          operation: 'delete',
        })
      }
    })(),

  'stores the good part of a bad batch': () =>
    new (class extends InMemoryVectorIndex {
      override upsert(records: readonly VectorRecord[]): Done {
        for (const record of records) {
          const refusal = this.refusalOf(record)
          if (refusal !== undefined) return errAsync(refusal)
          this.records.set(record.id, record)
        }
        return okAsync(undefined)
      }
    })(),

  'stores vectors of any length': () =>
    new (class extends InMemoryVectorIndex {
      protected override vectorRefusal(): undefined {
        return undefined
      }
    })(),

  'stores no more than 500 records at once': () =>
    new (class extends InMemoryVectorIndex {
      override upsert(records: readonly VectorRecord[]): Done {
        return super.upsert(records.slice(0, 500))
      }
    })(),

  'takes the prefix for a pattern': () =>
    new (class extends InMemoryVectorIndex {
      override list({ prefix = '', ...options }: VectorListOptions = {}): ResultAsync<
        VectorIdPage,
        VectorIndexError
      > {
        const pattern = new RegExp(`^${prefix.replaceAll('%', '.*').replaceAll('_', '.')}`)
        return super
          .list(options)
          .map((page) => ({ ...page, ids: page.ids.filter((id) => pattern.test(id)) }))
      }
    })(),

  'repeats the last id of a page': () =>
    new (class extends InMemoryVectorIndex {
      override list(options: VectorListOptions = {}): ResultAsync<VectorIdPage, VectorIndexError> {
        return super
          .list(options)
          .map((page) =>
            page.nextCursor === null ? page : { ...page, nextCursor: page.ids.at(-2) ?? '' },
          )
      }
    })(),

  'ends its list with an empty page': () =>
    new (class extends InMemoryVectorIndex {
      override list(options: VectorListOptions = {}): ResultAsync<VectorIdPage, VectorIndexError> {
        return super.list(options).map((page) => ({
          ...page,
          nextCursor: page.ids.at(-1) ?? null,
        }))
      }
    })(),
}
