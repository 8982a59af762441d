import { CallBudget, err, ok } from '@headwater/core'
import type { CacheReadError, CallOptions, Clock, Result } from '@headwater/core'
import { courseIdOf, recordIdOf } from '../indexing/course-document.ts'
import type { EmbedError } from '../embedders/embedder.ts'
import type { RankedCourse } from './fuse.ts'
import type { LegQuery } from './legs.ts'
import type { QueryEmbeddings } from './query-embeddings.ts'
import { vectorFilterOf } from './search-filters.ts'
import type { VectorIndex, VectorIndexError } from '../vectors/vector-index.ts'

/** What the dense leg works with. */
export interface DenseLegDeps {
  readonly embeddings: QueryEmbeddings
  readonly index: VectorIndex
  readonly generation: string
  readonly minSimilarity: number
  readonly clock: Clock
}

/** What the dense leg found, or why it did not. */
export type DenseAnswer = Result<
  readonly RankedCourse[],
  CacheReadError | EmbedError | VectorIndexError
>

/**
 * Finds courses by meaning: embeds the query, then asks the vector index; both within the one
 * deadline. Courses below the least similarity are left out: without it, nonsense would have
 * results too.
 */
export async function searchByMeaning(deps: DenseLegDeps, wanted: LegQuery): Promise<DenseAnswer> {
  const budget = new CallBudget(deps.clock, { deadlineMs: wanted.deadlineMs })
  const vector = await deps.embeddings.vectorOf(wanted.query, wanted.deadlineMs)
  if (vector.isErr()) return err(vector.error)
  return queryAround(deps, wanted, {
    vector: vector.value,
    topK: wanted.depth,
    options: budget.left(),
  })
}

/**
 * Finds courses that are like one which is in the index: 2 requests of the index and no embedding.
 * A course that is not there is like none.
 */
export async function searchNear(
  deps: DenseLegDeps,
  courseId: number,
  wanted: LegQuery,
): Promise<DenseAnswer> {
  const budget = new CallBudget(deps.clock, { deadlineMs: wanted.deadlineMs })
  const id = recordIdOf(courseId)
  const records = await deps.index.fetch([id], budget.left())
  if (records.isErr()) return err(records.error)
  const record = records.value.get(id)
  if (record === undefined || record.metadata['generation'] !== deps.generation) return ok([])
  return queryAround(deps, wanted, {
    vector: record.values,
    topK: wanted.depth + 1,
    options: budget.left(),
  })
}

interface Around {
  readonly vector: readonly number[]
  readonly topK: number
  readonly options: CallOptions
}

async function queryAround(
  { index, generation, minSimilarity }: DenseLegDeps,
  { filters }: LegQuery,
  { vector, topK, options }: Around,
): Promise<DenseAnswer> {
  const matches = await index.query(
    { vector, topK, filter: vectorFilterOf(filters, generation) },
    options,
  )
  return matches.map((found) =>
    found
      .filter(({ score }) => score >= minSimilarity)
      .flatMap(({ id, score }) => {
        const courseId = courseIdOf(id)
        return courseId === undefined ? [] : [{ id: courseId, score }]
      }),
  )
}
