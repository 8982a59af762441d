import type { ResultAsync } from '@headwater/core'
import { contained } from '../contained.ts'
import type { VectorIndex, VectorIndexError } from './vector-index.ts'

/** An index of the host that answers with a failure where the host's own throws. */
export function containedIndex(index: VectorIndex): VectorIndex {
  const ask = <T>(
    operation: string,
    answer: () => ResultAsync<T, VectorIndexError>,
  ): ResultAsync<T, VectorIndexError> =>
    contained({ store: 'pinecone', operation, who: 'the vector index' }, answer)
  return {
    dimensions: index.dimensions,
    upsert: (...given) => ask('upsert', () => index.upsert(...given)),
    query: (...given) => ask('query', () => index.query(...given)),
    fetch: (...given) => ask('fetch', () => index.fetch(...given)),
    updateMetadata: (...given) => ask('updateMetadata', () => index.updateMetadata(...given)),
    delete: (...given) => ask('delete', () => index.delete(...given)),
    list: (...given) => ask('list', () => index.list(...given)),
    stats: (...given) => ask('stats', () => index.stats(...given)),
  }
}
