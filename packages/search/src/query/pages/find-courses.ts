import { err, ok } from '@headwater/core'
import type { Result, Stores } from '@headwater/core'
import type { ActiveCandidates } from '../active-candidates.ts'
import { meantBy, modeOf } from '../find-candidates.ts'
import type { SearchSort } from '../search-options.ts'
import type { FoundCourses, SearchError, SearchResult } from '../search-result.ts'
import type { CourseGuesses } from './course-guesses.ts'
import { findPage } from './find-page.ts'
import type { PageRequest } from './find-page.ts'
import { findSortedPage } from './find-sorted-page.ts'
import type { PagePosition } from './page-cursor.ts'

/** Dependencies of {@link findCourses}. */
export interface FindCoursesDeps {
  readonly stores: Stores
  readonly candidates: ActiveCandidates
  readonly guesses: CourseGuesses
}

/** A request for one page in an order. */
export interface CoursesRequest extends PageRequest {
  readonly sort: SearchSort
}

/** The courses of one page, and the start of the next. */
export interface FoundCoursesPage {
  readonly courses: FoundCourses & Pick<SearchResult, 'didYouMean'>
  readonly next: PagePosition | undefined
}

/** Finds the courses of one page, in any order, and says how. */
export async function findCourses(
  { stores, candidates: active, guesses }: FindCoursesDeps,
  { sort, ...request }: CoursesRequest,
): Promise<Result<FoundCoursesPage, SearchError>> {
  const { clock, diagnostics } = stores
  const startedMs = clock.monotonic()
  const startedAtMs = clock.now()
  const deps = {
    stores,
    candidates: await active.current(),
    readCourses: guesses.begin([request.wanted, request.limit, request.position, sort]),
  }
  const page =
    sort === 'relevance'
      ? await findPage(deps, request)
      : await findSortedPage(deps, { ...request, sort })
  if (page.isErr()) return err(page.error)
  const { hits, next, candidates } = page.value
  const mode = modeOf(candidates)
  const durationMs = clock.monotonic() - startedMs
  const isCached = candidates.askedAtMs < startedAtMs
  diagnostics.emit('search:answered', { mode, cached: isCached, results: hits.length, durationMs })
  const { degraded } = candidates
  const courses = { hits, mode, degraded, durationMs, isCached, ...meantBy(candidates) }
  return ok({ courses, next })
}
