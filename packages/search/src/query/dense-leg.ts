import { CallBudget, err, ok } from '@headwater/core'
import type { CacheReadError, CallOptions, Clock, Result, ResultAsync } from '@headwater/core'
import { courseIdOf, recordIdOf } from '../indexing/course-document.ts'
import type { EmbedError } from '../embedders/embedder.ts'
import { timedStep } from './explain/search-trace.ts'
import type { SimilarityScale } from './fusion/fuse-by-evidence.ts'
import type { RankedCourse } from './fusion/fuse.ts'
import type { LegError, LegQuery } from './legs.ts'
import type { QueryEmbeddings } from './query-embeddings.ts'
import { vectorFilterOf } from './search-filters.ts'
import { partsOf } from '../typed/query-parts.ts'
import type { VectorIndex, VectorIndexError } from '../vectors/vector-index.ts'

/** Dependencies of the dense leg. */
export interface DenseLegDeps {
  readonly embeddings: QueryEmbeddings
  readonly index: VectorIndex
  readonly generation: string
  /** The scale of the similarities, within a deadline in milliseconds. */
  readonly scale: (deadlineMs: number) => ResultAsync<SimilarityScale, LegError>
  readonly clock: Clock
}

/** The ranking of the dense leg, or its failure. */
export type DenseAnswer = Result<
  readonly RankedCourse[],
  CacheReadError | EmbedError | VectorIndexError
>

/**
 * Finds courses by meaning: embeds the query, then queries the vector index, both within one
 * deadline. Some course is always the nearest: what is too far away is for the caller to leave out.
 */
export async function searchByMeaning(deps: DenseLegDeps, wanted: LegQuery): Promise<DenseAnswer> {
  const budget = new CallBudget(deps.clock, { deadlineMs: wanted.deadlineMs })
  const { text } = partsOf(wanted.typed ?? wanted.query)
  const vector = await timedStep(wanted.trace, 'embeddingMs', () =>
    deps.embeddings.vectorOf(text, wanted.deadlineMs),
  )
  wanted.trace?.note({ text })
  if (vector.isErr()) return err(vector.error)
  return queryAround(deps, wanted, {
    vector: vector.value,
    topK: wanted.depth,
    options: budget.left(),
  })
}

/**
 * Finds courses similar to one in the index: 2 requests to the index, no embedding. A course that
 * is not in the index is similar to none.
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
  { index, generation }: DenseLegDeps,
  { filters }: LegQuery,
  { vector, topK, options }: Around,
): Promise<DenseAnswer> {
  const matches = await index.query(
    { vector, topK, filter: vectorFilterOf(filters, generation) },
    options,
  )
  return matches.map((found) =>
    found.flatMap(({ id, score }) => {
      const courseId = courseIdOf(id)
      return courseId === undefined ? [] : [{ id: courseId, score }]
    }),
  )
}
