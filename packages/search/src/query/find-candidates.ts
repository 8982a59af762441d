import { CallBudget, err, FailureError, isOutage } from '@headwater/core'
import type { Result, SqlError, Stores } from '@headwater/core'
import type { EmbedderRanking } from '../embedders/embedder.ts'
import { searchByMeaning, searchNear } from './dense-leg.ts'
import type { DenseLegDeps } from './dense-leg.ts'
import { timedStep } from './explain/search-trace.ts'
import type { LookTrace } from './explain/search-trace.ts'
import type { FusedCourse, Leg, RankedCourse, Ranking } from './fusion/fuse.ts'
import { mayFindMore, mergeLegs } from './fusion/merge-legs.ts'
import type { FoundByMeaning, GivenRanking, LegAnswers } from './fusion/merge-legs.ts'
import { heldBy } from './held-courses.ts'
import { unknownGeneration } from '../indexing/generations.ts'
import type { CourseReader } from '../course-reader.ts'
import { degradedLeg } from './legs.ts'
import type { DegradedLeg, LegError, LegQuery } from './legs.ts'
import { searchByWords } from './lexical-leg.ts'
import type { FoundByWords, LexicalLegDeps } from './lexical-leg.ts'
import type { Doubt } from '../spelling/languages.ts'
import { askReranker, reranked, rerankDefaults } from './rerank.ts'
import type { RerankOptions } from './rerank.ts'
import { isFindable } from './search-filters.ts'
import type { SearchFilters } from './search-filters.ts'

/** The ranking of a query before PostgreSQL is asked: ids and scores, no courses. */
export interface Candidates {
  /** The courses, best first. */
  readonly found: Ranking
  /** The legs that answered. */
  readonly legs: readonly Leg[]
  /** Failures that the search did without; a result with any is not cached. */
  readonly degraded: readonly DegradedLeg[]
  /** Whether a leg found as many as it was asked for, so there may be more. */
  readonly mayHaveMore: boolean
  /** When the legs were asked, in milliseconds since the epoch. */
  readonly askedAtMs: number
  /** The query with its misspelt words corrected; absent where none was. */
  readonly didYouMean?: string
  /**
   * Whether the search did without corrections that failed or were late; such a result is not
   * cached. `refused` where they always are: such a result is cached shortly.
   */
  readonly isPartial?: true | 'refused'
}

/** A request for candidates. */
export interface CandidateQuery {
  /** The normalised query; for similar courses, the words of the course. */
  readonly query: string
  /** The same as it was typed, where that makes a difference. */
  readonly typed?: string | undefined
  /** The filters that are set, in a fixed order. */
  readonly filters: SearchFilters
  /** The number of courses each leg is asked for. */
  readonly depth: number
  /** The course to find similar ones to. */
  readonly like?: number
  /**
   * `false` when the order does not matter: no reranker is asked.
   *
   * @defaultValue `true`
   */
  readonly isRanked?: boolean
}

/** Dependencies of {@link findCandidates}. */
export interface CandidateDeps {
  readonly stores: Stores
  readonly courses: CourseReader
  /** `undefined` when this process does not have the embedder of the active generation. */
  readonly dense: DenseLegDeps | undefined
  readonly lexical: LexicalLegDeps
  readonly legDeadlineMs: number
  readonly given: GivenRanking
  readonly rerank: RerankOptions | undefined
}

/** The least similarity of courses that are alike, where none is given. */
const leastAlike = 0.1

/**
 * Asks both legs side by side, each within its deadline, and merges their rankings; then asks the
 * reranker, if there is one.
 *
 * @throws FailureError when neither leg answers.
 */
export async function findCandidates(
  deps: CandidateDeps,
  wanted: CandidateQuery,
  trace?: LookTrace,
): Promise<Candidates> {
  const askedAtMs = deps.stores.clock.now()
  const isTyped = wanted.like === undefined
  const [dense, byWords] = await askLegs(deps, wanted.like, {
    ...wanted,
    deadlineMs: deps.legDeadlineMs,
    isTyped,
    trace,
  })
  const lexical = byWords.map(({ found }) => found)
  if (dense.isErr() && lexical.isErr())
    throw new FailureError(failureOfBoth(dense.error, lexical.error))
  const legs: LegAnswers = { ...answerOf('dense', dense), ...answerOf('lexical', lexical) }
  const failed = [...failureOf('dense', dense), ...failureOf('lexical', lexical)]
  for (const { leg, error } of failed)
    deps.stores.diagnostics.emit('search:degraded', { leg, error })
  const startedMs = deps.stores.clock.monotonic()
  const fused = mergeLegs(legs, isTyped ? deps.given : alike(deps.given))
  trace?.took('fusionMs', deps.stores.clock.monotonic() - startedMs)
  const others = { found: fused.filter(({ id }) => id !== wanted.like), degraded: [] }
  const ordered = isTyped
    ? await timedStep(trace, 'rerankMs', () => rerankBest(deps, wanted, fused))
    : others
  trace?.note({ legs, given: deps.given, found: ordered.found })
  return {
    found: ordered.found,
    legs: Object.keys(legs) as Leg[],
    degraded: [...failed.map(({ leg, error }) => degradedLeg(leg, error)), ...ordered.degraded],
    mayHaveMore: mayFindMore(legs, wanted.depth),
    askedAtMs,
    ...(byWords.isOk() ? meantBy(byWords.value) : {}),
    ...(byWords.isOk() ? partly(byWords.value.isPartial, deps.lexical.doubt) : {}),
  }
}

function partly(...doubts: (Doubt | undefined)[]): Pick<Candidates, 'isPartial'> {
  if (doubts.includes(true)) return { isPartial: true }
  return doubts.includes('refused') ? { isPartial: 'refused' } : {}
}

function askLegs(
  deps: CandidateDeps,
  like: number | undefined,
  query: LegQuery,
): Promise<[Result<FoundByMeaning, LegError>, Result<FoundByWords, SqlError>]> {
  const { stores, lexical } = deps
  return Promise.all([
    timedStep(query.trace, 'denseMs', () => timed(stores, 'dense', searchDense(deps, like, query))),
    timedStep(query.trace, 'lexicalMs', () =>
      timed(stores, 'lexical', searchByWords(lexical, query)),
    ),
  ])
}

async function timed<Answer, Error extends LegError>(
  { clock, diagnostics }: Stores,
  leg: Leg,
  asking: Promise<Result<Answer, Error>>,
): Promise<Result<Answer, Error>> {
  const startedMs = clock.monotonic()
  const answer = await asking
  const outcome = answer.isOk() ? 'ok' : answer.error.type
  diagnostics.emit('search:leg', { leg, durationMs: clock.monotonic() - startedMs, outcome })
  return answer
}

/** Whether a search waited for nothing that may come: only such a result is cached. */
export function isWhole({
  degraded,
  isPartial,
}: Pick<Candidates, 'degraded' | 'isPartial'>): boolean {
  return degraded.length === 0 && isPartial !== true
}

/** The legs that answered, together. */
export function modeOf({ legs }: Candidates): 'hybrid' | 'semantic' | 'lexical' {
  if (legs.length === 2) return 'hybrid'
  return legs.includes('dense') ? 'semantic' : 'lexical'
}

/** Courses are alike by what they have in common, not by what a query leaves out. */
function alike({ minSimilarity = leastAlike, denseWeight = 1 }: GivenRanking): EmbedderRanking {
  return { minSimilarity, denseWeight }
}

/** The query that was meant, where it is another one. */
export function meantBy({ didYouMean }: Meant): Meant {
  return didYouMean === undefined ? {} : { didYouMean }
}

type Meant = Pick<Candidates, 'didYouMean'>

async function searchDense(
  { dense, given, lexical, stores }: CandidateDeps,
  like: number | undefined,
  query: LegQuery,
): Promise<Result<FoundByMeaning, LegError>> {
  if (dense === undefined) return err(unknownGeneration)
  if (like !== undefined) {
    const { minSimilarity } = alike(given)
    const near = await searchNear(dense, like, query)
    return near.map((found) => ({
      found: atLeast(minSimilarity, found),
      scale: { typical: minSimilarity, floor: minSimilarity },
    }))
  }
  const budget = new CallBudget(stores.clock, { deadlineMs: query.deadlineMs })
  const [found, scale] = await Promise.all([
    searchByMeaning(dense, query),
    dense.scale(query.deadlineMs),
  ])
  if (found.isErr()) return err(found.error)
  if (scale.isErr()) return err(scale.error)
  const least = given.denseWeight === undefined ? scale.value.typical : scale.value.floor
  query.trace?.note({ near: found.value, scale: scale.value, legFloor: least })
  const held = await heldBy(query.query, atLeast(least, found.value), {
    ...lexical,
    ...budget.left(),
  })
  return held.map((allowed) => ({ found: allowed, scale: scale.value }))
}

function atLeast(similarity: number, found: readonly RankedCourse[]): readonly RankedCourse[] {
  return found.filter(({ score }) => score >= similarity)
}

function answerOf<Name extends Leg, Answer>(
  leg: Name,
  answer: Result<Answer, LegError>,
): { readonly [Found in Name]?: Answer } {
  return answer.isOk() ? ({ [leg]: answer.value } as { readonly [Found in Name]: Answer }) : {}
}

function failureOf(
  leg: Leg,
  answer: Result<unknown, LegError>,
): { readonly leg: Leg; readonly error: LegError }[] {
  return answer.isErr() ? [{ leg, error: answer.error }] : []
}

interface Ordered {
  readonly found: readonly FusedCourse[]
  readonly degraded: readonly DegradedLeg[]
}

/** Without a reranker the order stays; one that fails changes nothing and is reported. */
async function rerankBest(
  { rerank, courses, stores }: CandidateDeps,
  { query, filters, isRanked = true }: CandidateQuery,
  found: readonly FusedCourse[],
): Promise<Ordered> {
  if (rerank === undefined || !isRanked || found.length === 0) return { found, degraded: [] }
  const ids = found.slice(0, rerank.top ?? rerankDefaults.top).map(({ id }) => id)
  try {
    const rows = await courses.getMany(ids)
    if (rows.isErr()) return { found, degraded: [degradedLeg('rerank', rows.error)] }
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

/** An outage of PostgreSQL counts first: it lets the cache answer with an older value. */
function failureOfBoth(dense: LegError, lexical: SqlError): LegError {
  return isOutage(lexical) ? lexical : dense
}
