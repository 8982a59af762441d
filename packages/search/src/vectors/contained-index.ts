import type { ResultAsync } from '@headwater/core'
import { contained } from '../contained.ts'
import type { VectorIndex, VectorIndexError } from './vector-index.ts'

/** An index of the host that answers with a failure where the host's own throws. */
export function containedIndex(index: VectorIndex): VectorIndex {
  const ask = <T>(
    operation: string,
    answer: () => ResultAsync<T, VectorIndexError>,
    isValue?: (value: unknown) => boolean,
  ): ResultAsync<T, VectorIndexError> =>
    contained({ store: 'pinecone', operation, who: 'the vector index' }, answer, isValue)
  return {
    dimensions: index.dimensions,
    upsert: (...given) => ask('upsert', () => index.upsert(...given)),
    query: (...given) => ask('query', () => index.query(...given), Array.isArray),
    fetch: (...given) => ask('fetch', () => index.fetch(...given), isMap),
    updateMetadata: (...given) => ask('updateMetadata', () => index.updateMetadata(...given)),
    delete: (...given) => ask('delete', () => index.delete(...given)),
    list: (...given) => ask('list', () => index.list(...given), isPage),
    stats: (...given) => ask('stats', () => index.stats(...given), isStats),
  }
}

function isMap(value: unknown): boolean {
  return value instanceof Map
}

function isPage(value: unknown): boolean {
  return Array.isArray((Object(value) as { readonly ids?: unknown }).ids)
}

function isStats(value: unknown): boolean {
  return typeof (Object(value) as { readonly recordCount?: unknown }).recordCount === 'number'
}
