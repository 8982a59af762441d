import { errAsync, okAsync, orThrow } from '@headwater/core'
import type { ResultAsync } from '@headwater/core'
import { hashingEmbedder } from '@headwater/search'
import type { Embedder, VectorIndex, VectorIndexError, VectorRecord } from '@headwater/search'
import type { SearchFixture } from './search-fixture.ts'

/**
 * Publishes courses with one statement and without events, like a catalogue older than its index.
 */
export async function createCourses(
  { stores, publish }: Pick<SearchFixture, 'stores' | 'publish'>,
  count: number,
): Promise<number[]> {
  const { id, instructorId } = await publish({ title: 'The first course' })
  const { rows } = orThrow(
    await stores.postgres.query<{ id: number }>(
      `INSERT INTO @schema.courses (title, description, category, instructor_id, price, is_published)
       SELECT 'Course ' || number, 'About subject ' || number, 'Category ' || number % 10, $1, 10, true
       FROM generate_series(2, $2::integer) AS number
       RETURNING id`,
      [instructorId, count],
    ),
  )
  return [id, ...rows.map((row) => row.id)]
}

/** An embedder that counts its requests for courses, and their texts. */
export function countingEmbedder({
  dimensions,
  maxTexts,
}: {
  readonly dimensions: number
  readonly maxTexts: number
}): Embedder & { readonly calls: number; readonly texts: number } {
  const embedder = hashingEmbedder({ dimensions })
  let [calls, texts] = [0, 0]
  return {
    profile: embedder.profile,
    get calls() {
      return calls
    },
    get texts() {
      return texts
    },
    batchSizes: (all) =>
      Array.from({ length: Math.ceil(all.length / maxTexts) }, (_, place) =>
        Math.min(maxTexts, all.length - place * maxTexts),
      ),
    embed: (batch, { purpose } = {}) => {
      calls += purpose === 'document' ? Math.ceil(batch.length / maxTexts) : 0
      texts += purpose === 'document' ? batch.length : 0
      return embedder.embed(batch)
    },
  }
}

/** An embedder whose service refuses every request that contains this word. */
export function refusingEmbedder(embedder: Embedder, word: string): Embedder {
  return {
    ...embedder,
    profile: embedder.profile,
    embed: (texts) =>
      texts.some((text) => text.includes(word))
        ? errAsync({
            type: 'store-refused',
            message: 'refused',
            retryable: false,
            store: 'openai',
            operation: 'embed',
            code: '400',
          })
        : embedder.embed(texts),
  }
}

/** An index that stores in a way of its own, and does the rest as another does. */
export function indexOver(inner: VectorIndex, upsert: VectorIndex['upsert']): VectorIndex {
  return {
    dimensions: inner.dimensions,
    upsert,
    query: (...given) => inner.query(...given),
    fetch: (...given) => inner.fetch(...given),
    updateMetadata: (...given) => inner.updateMetadata(...given),
    delete: (...given) => inner.delete(...given),
    list: (...given) => inner.list(...given),
    stats: (...given) => inner.stats(...given),
  }
}

/** An index whose upserts fail after a number of records. */
export class FaultyIndex {
  readonly index: VectorIndex
  #left = Infinity

  constructor(inner: VectorIndex) {
    const upsert = (records: readonly VectorRecord[]): ResultAsync<void, VectorIndexError> => {
      if (this.#left < records.length)
        return errAsync({
          type: 'store-unavailable',
          message: 'the index is away',
          retryable: true,
          store: 'pinecone',
          operation: 'upsert',
        })
      this.#left -= records.length
      return records.length === 0 ? okAsync(undefined) : inner.upsert(records)
    }
    this.index = indexOver(inner, upsert)
  }

  failUpsertsAfter(records: number): void {
    this.#left = records
  }

  restore(): void {
    this.#left = Infinity
  }
}
