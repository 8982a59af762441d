import { err } from '@headwater/core'
import type { CacheReadError, Clock, Result } from '@headwater/core'
import { courseIdOf } from './course-document.ts'
import type { EmbedError } from './embedder.ts'
import type { RankedCourse } from './fuse.ts'
import type { LegQuery } from './legs.ts'
import type { QueryEmbeddings } from './query-embeddings.ts'
import { vectorFilterOf } from './search-filters.ts'
import type { VectorIndex, VectorIndexError } from './vector-index.ts'

/**
 * What the dense leg works with.
 */
export interface DenseLegParts {
  readonly embeddings: QueryEmbeddings
  readonly index: VectorIndex
  readonly generation: string
  readonly minSimilarity: number
  readonly clock: Clock
}

/**
 * Finds courses by meaning: embeds the query, then asks the vector index; both within the one deadline. Courses below the least similarity
 * are left out: without it, nonsense would have results too.
 */
export async function searchByMeaning(
  { embeddings, index, generation, minSimilarity, clock }: DenseLegParts,
  { query, filters, depth, deadlineMs }: LegQuery,
): Promise<Result<readonly RankedCourse[], CacheReadError | EmbedError | VectorIndexError>> {
  const startedMs = clock.monotonic()
  const vector = await embeddings.vectorOf(query, deadlineMs)
  if (vector.isErr()) return err(vector.error)
  const leftMs = Math.max(1, deadlineMs - (clock.monotonic() - startedMs))
  const matches = await index.query({ vector: vector.value, topK: depth, filter: vectorFilterOf(filters, generation) }, { deadlineMs: leftMs })
  return matches.map((found) => found.filter(({ score }) => score >= minSimilarity).flatMap(({ id, score }) => {
    const courseId = courseIdOf(id)
    return courseId === undefined ? [] : [{ id: courseId, score }]
  }))
}
