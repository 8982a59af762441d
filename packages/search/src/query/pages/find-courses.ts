import { err, ok } from '@headwater/core'
import type { Result, Stores } from '@headwater/core'
import type { ActiveCandidates } from '../active-candidates.ts'
import { explainPage } from '../explain/explain-page.ts'
import type { Synonyms } from '../../spelling/synonyms.ts'
import type { SearchExplanation } from '../explain/search-explanation.ts'
import { WatchedSearch } from '../explain/watched-search.ts'
import { highlightHits } from '../highlights/highlight-hits.ts'
import { meantBy, modeOf } from '../find-candidates.ts'
import type { FoundCourses, SearchError, SearchResult } from '../search-result.ts'
import type { CourseGuesses } from './course-guesses.ts'
import { findPage } from './find-page.ts'
import type { FindPageDeps, FoundPage, OrderedRequest } from './find-page.ts'
import { findSortedPage } from './find-sorted-page.ts'
import type { SortedPageDeps } from './find-sorted-page.ts'
import type { Pins } from './pins.ts'
import type { PagePosition } from './page-cursor.ts'

/** Dependencies of {@link findCourses}. */
export interface FindCoursesDeps {
  readonly stores: Stores
  readonly candidates: ActiveCandidates
  readonly guesses: CourseGuesses
  readonly pins: Pins
  readonly synonyms: Synonyms | undefined
  readonly legDeadlineMs: number
}

/** A request for one page, explained or not. */
export interface CoursesRequest extends OrderedRequest {
  /** Whether to say how the page came about, from a ranking that is found now. */
  readonly isExplained?: boolean
  /** Courses of which an explanation is to say what became of them. */
  readonly askedAbout?: readonly number[]
  /** Whether the hits say where they have the words of the query. */
  readonly isHighlighted?: boolean
}

/** The courses of one page, and the start of the next. */
export interface FoundCoursesPage {
  readonly courses: FoundCourses & Pick<SearchResult, 'didYouMean'>
  readonly next: PagePosition | undefined
  readonly explanation?: SearchExplanation
}

/** Finds the courses of one page, in any order, and says how. */
export async function findCourses(
  deps: FindCoursesDeps,
  { isExplained = false, askedAbout = [], isHighlighted = false, ...asked }: CoursesRequest,
): Promise<Result<FoundCoursesPage, SearchError>> {
  const { stores, candidates: active, guesses, pins } = deps
  const { clock, diagnostics } = stores
  const [startedMs, startedAtMs] = [clock.monotonic(), clock.now()]
  const cache = await active.current()
  const request = { ...asked, wanted: cache.distinct(asked.wanted) }
  const watched = isExplained ? new WatchedSearch(stores) : undefined
  const page = await pageOf(
    {
      stores,
      pins,
      candidates: watched?.candidates(cache) ?? cache,
      readCourses:
        watched?.reader(guesses.read) ??
        guesses.begin([request.wanted, request.limit, request.position, request.sort]),
    },
    request,
  )
  if (page.isErr()) return err(page.error)
  const { next, candidates } = page.value
  const { hits, degraded: unmarked } = isHighlighted
    ? await highlightHits(deps, page.value.hits, {
        query: request.wanted.query,
        ...meantBy(candidates),
        deadlineMs: leftOf(deps.legDeadlineMs, clock.monotonic() - startedMs),
      })
    : { hits: page.value.hits, degraded: [] }
  const [mode, durationMs] = [modeOf(candidates), clock.monotonic() - startedMs]
  const isCached = candidates.askedAtMs < startedAtMs
  diagnostics.emit('search:answered', { mode, cached: isCached, results: hits.length, durationMs })
  const degraded = [...candidates.degraded, ...unmarked]
  const courses = { hits, mode, degraded, durationMs, isCached, ...meantBy(candidates) }
  if (watched === undefined) return ok({ courses, next })
  const found = { request, hits, watched, askedAbout, mayHaveMore: candidates.mayHaveMore }
  const explained = await explainPage({ stores, pins, cache, readCourses: guesses.read }, found)
  return explained.map((explanation) => ({ courses, next, explanation }))
}

/** What a search has left of the deadline; a quarter at least, since the legs may use it up. */
function leftOf(legDeadlineMs: number, usedMs: number): number {
  return Math.max(legDeadlineMs - usedMs, legDeadlineMs / 4)
}

function pageOf(
  deps: SortedPageDeps & FindPageDeps,
  request: OrderedRequest,
): Promise<Result<FoundPage, SearchError>> {
  const { sort } = request
  return sort === 'relevance' ? findPage(deps, request) : findSortedPage(deps, { ...request, sort })
}
