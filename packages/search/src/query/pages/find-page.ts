import { err, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { CandidateSource } from '../candidate-cache.ts'
import { isWhole } from '../find-candidates.ts'
import type { CandidateQuery, Candidates } from '../find-candidates.ts'
import type { Ranking } from '../fusion/fuse.ts'
import type { ReadCourses } from './course-guesses.ts'
import { hydrate } from './hydrate.ts'
import type { SearchHit } from './hydrate.ts'
import { deepest, depths, notACursor, positionAfter, startOf } from './page-cursor.ts'
import type { PagePosition } from './page-cursor.ts'
import { pinnedFirst, pinnedFor } from './pins.ts'
import type { Pins } from './pins.ts'
import { isFindable } from '../search-filters.ts'
import type { SearchSort } from '../search-options.ts'
import type { SearchError } from '../search-result.ts'

/** One page of a search. */
export interface FoundPage {
  /** The courses, checked against PostgreSQL. */
  readonly hits: readonly SearchHit[]
  /** The start of the next page; absent when there is none. */
  readonly next: PagePosition | undefined
  /** The candidates that the page was taken from. */
  readonly candidates: Candidates
}

/** A request for one page. */
export interface PageRequest {
  readonly wanted: Omit<CandidateQuery, 'depth' | 'isRanked'>
  readonly limit: number
  readonly position: PagePosition | undefined
  /** The search that the page belongs to. */
  readonly searchId: string
}

/** A request for one page in an order. */
export interface OrderedRequest extends PageRequest {
  readonly sort: SearchSort
}

/** Dependencies of {@link findPage}. */
export interface FindPageDeps {
  readonly candidates: CandidateSource
  readonly readCourses: ReadCourses
  readonly pins: Pins
}

/**
 * Fills a page with courses that PostgreSQL does not deny, and searches deeper until it is full.
 * Courses found at a greater depth come after those found before, so that no page repeats or skips
 * a course of another.
 */
export async function findPage(
  { candidates: cache, readCourses, pins }: FindPageDeps,
  { wanted, limit, position, searchId }: PageRequest,
): Promise<Result<FoundPage, SearchError>> {
  const firstDepth = position?.depth ?? (limit <= depths[0] / 2 ? depths[0] : depths[1])
  const pinned = pinnedFor(pins, wanted)
  let found: Ranking = []
  let page: FoundPage | undefined
  for (const depth of depths.filter((each) => each >= firstDepth)) {
    const candidates = await cache.get({ ...wanted, depth })
    if (candidates.isErr()) return err(candidates.error)
    found = extended(found, pinnedFirst(candidates.value.found, pinned))
    const shown = position?.shown ?? 0
    const hydrated = await hydrate(found, {
      readCourses,
      isFindable: (course) => isFindable(course, wanted.filters),
      limit,
      from: position === undefined ? 0 : startOf(found, position),
      shown,
    })
    if (hydrated.isErr()) return err(hydrated.error)
    const { used } = hydrated.value
    const hits = marked(hydrated.value.hits, pinned)
    const isDeepest = !candidates.value.mayHaveMore || depth === deepest
    const next =
      used < found.length || !isDeepest
        ? positionAfter(
            found,
            { searchId, depth: firstDepth, offset: used, shown: shown + hits.length },
            pinned,
          )
        : undefined
    page = { hits, next, candidates: candidates.value }
    // A search that has waited for what failed does not wait for it twice.
    if (hits.length >= limit || isDeepest || !isWhole(candidates.value)) break
  }
  return page === undefined ? err(notACursor) : ok(page)
}

function marked(hits: readonly SearchHit[], pinned: readonly number[]): readonly SearchHit[] {
  if (pinned.length === 0) return hits
  return hits.map((hit) => (pinned.includes(hit.course.id) ? { ...hit, pinned: true } : hit))
}

/** A ranking, then the courses of a deeper look that it does not have. */
export function extended(found: Ranking, deeper: Ranking): Ranking {
  if (found.length === 0) return deeper
  const courses = found.slice(0, found.length)
  const known = new Set(courses.map(({ id }) => id))
  return [...courses, ...deeper.slice(0, deeper.length).filter(({ id }) => !known.has(id))]
}
