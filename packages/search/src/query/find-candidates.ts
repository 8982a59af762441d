import { err, FailureError, isOutage } from '@headwater/core'
import type { Result, SqlError, Stores } from '@headwater/core'
import { searchByMeaning, searchNear } from './dense-leg.ts'
import type { DenseLegParts } from './dense-leg.ts'
import { fuse } from './fuse.ts'
import type { FusedCourse, Leg, RankedCourse, Ranking } from './fuse.ts'
import { unknownGeneration } from '../indexing/generations.ts'
import type { CourseReader } from '../course-reader.ts'
import { degradedLeg } from './legs.ts'
import type { DegradedLeg, LegError, LegQuery } from './legs.ts'
import { searchByWords } from './lexical-leg.ts'
import type { LexicalLegParts } from './lexical-leg.ts'
import { askReranker, reranked, rerankDefaults } from './rerank.ts'
import type { RerankOptions } from './rerank.ts'
import { isFindable } from './search-filters.ts'
import type { SearchFilters } from './search-filters.ts'

/** What was found for a query before PostgreSQL was asked: ids and scores, no courses. */
export interface Candidates {
  /** The courses, best first. */
  readonly found: Ranking
  /** The legs that answered. */
  readonly legs: readonly Leg[]
  /** What failed; only a result without any is cached. */
  readonly degraded: readonly DegradedLeg[]
  /** Whether a leg found as many as it was asked for, so that there may be more. */
  readonly mayHaveMore: boolean
  /** When the legs were asked, in milliseconds since the epoch. */
  readonly askedAtMs: number
}

/** Which candidates are wanted. */
export interface CandidateQuery {
  /** The normalised query; the words of the course where courses like it are wanted. */
  readonly query: string
  /** The filters that are set, in their fixed order. */
  readonly filters: SearchFilters
  /** How many courses each leg is asked for. */
  readonly depth: number
  /** The course that others are to be like. */
  readonly like?: number
}

/** What finding candidates takes. */
export interface CandidateParts {
  readonly stores: Stores
  readonly courses: CourseReader
  /** Absent: this process has not the embedder of the active generation. */
  readonly dense: DenseLegParts | undefined
  readonly lexical: LexicalLegParts
  readonly legDeadlineMs: number
  readonly denseWeight: number
  readonly rerank: RerankOptions | undefined
}

/** The rejection of a search in which no leg answered. */
export class NoLegAnswered extends Error {
  readonly failure: LegError

  constructor(failure: LegError) {
    super(failure.message)
    this.name = 'NoLegAnswered'
    this.failure = failure
  }
}

/**
 * Asks both legs side by side, each within its deadline, and merges what they say; then the
 * reranker, where there is one.
 *
 * @throws NoLegAnswered when neither leg answers, FailureError when PostgreSQL is down as well.
 */
export async function findCandidates(
  parts: CandidateParts,
  wanted: CandidateQuery,
): Promise<Candidates> {
  const askedAtMs = parts.stores.clock.now()
  const query: LegQuery = { ...wanted, deadlineMs: parts.legDeadlineMs }
  const [dense, lexical] = await Promise.all([
    searchDense(parts.dense, wanted.like, query),
    searchByWords(parts.lexical, query),
  ])
  if (dense.isErr() && lexical.isErr()) throw failureOfBoth(dense.error, lexical.error)
  const legs = { ...answerOf('dense', dense), ...answerOf('lexical', lexical) }
  const failed = [...failureOf('dense', dense), ...failureOf('lexical', lexical)]
  for (const { leg, error } of failed)
    parts.stores.diagnostics.emit('search:degraded', { leg, error })
  const fused = fuse(legs, { dense: parts.denseWeight })
  const others = { found: fused.filter(({ id }) => id !== wanted.like), degraded: [] }
  const ordered = wanted.like === undefined ? await secondLook(parts, wanted, fused) : others
  return {
    found: ordered.found,
    legs: Object.keys(legs) as Leg[],
    degraded: [...failed.map(({ leg, error }) => degradedLeg(leg, error)), ...ordered.degraded],
    mayHaveMore: Object.values(legs).some((found) => found.length >= wanted.depth),
    askedAtMs,
  }
}

async function searchDense(
  parts: DenseLegParts | undefined,
  like: number | undefined,
  query: LegQuery,
): Promise<LegAnswer> {
  if (parts === undefined) return err(unknownGeneration)
  return like === undefined ? searchByMeaning(parts, query) : searchNear(parts, like, query)
}

type LegAnswer = Result<readonly RankedCourse[], LegError>

function answerOf(
  leg: Leg,
  answer: LegAnswer,
): { readonly [Name in Leg]?: readonly RankedCourse[] } {
  return answer.isOk() ? { [leg]: answer.value } : {}
}

function failureOf(leg: Leg, answer: LegAnswer): { readonly leg: Leg; readonly error: LegError }[] {
  return answer.isErr() ? [{ leg, error: answer.error }] : []
}

interface Ordered {
  readonly found: readonly FusedCourse[]
  readonly degraded: readonly DegradedLeg[]
}

/** A reranker that is not there changes nothing; one that fails is gone without, and said so. */
async function secondLook(
  { rerank, courses, stores }: CandidateParts,
  { query, filters }: CandidateQuery,
  found: readonly FusedCourse[],
): Promise<Ordered> {
  if (rerank === undefined || found.length === 0) return { found, degraded: [] }
  const ids = found.slice(0, rerank.top ?? rerankDefaults.top).map(({ id }) => id)
  try {
    const rows = await courses.getMany(ids)
    if (rows.isErr())
      return { found, degraded: [{ ...degradedLeg('dense', rows.error), leg: 'rerank' }] }
    const shown = ids
      .flatMap((id) => rows.value.get(id) ?? [])
      .filter((course) => isFindable(course, filters))
    return {
      found: reranked(found, await askReranker(rerank, { query, courses: shown })),
      degraded: [],
    }
  } catch (error) {
    stores.diagnostics.emit('search:degraded', { leg: 'rerank', error })
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return {
      found,
      degraded: [{ leg: 'rerank', reason: isLate ? 'deadline-exceeded' : 'rerank-failed' }],
    }
  }
}

// PostgreSQL being down is what the cache's grace is for: it knows that by the rejection's class.
function failureOfBoth(dense: LegError, lexical: SqlError): Error {
  return isOutage(lexical) ? new FailureError(lexical) : new NoLegAnswered(dense)
}
