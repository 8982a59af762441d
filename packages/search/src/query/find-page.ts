import { err, invalidField, ok } from '@headwater/core'
import type { Result } from '@headwater/core'
import type { CandidateCache } from './candidate-cache.ts'
import type { CandidateQuery, Candidates } from './find-candidates.ts'
import type { Ranking } from './fuse.ts'
import { hydrate } from './hydrate.ts'
import type { CourseReader } from '../course-reader.ts'
import type { SearchHit } from './hydrate.ts'
import { beginningOf, depths, positionAfter } from './page-token.ts'
import type { PagePosition } from './page-token.ts'
import { isFindable } from './search-filters.ts'
import type { SearchError } from './search-result.ts'

/** One page of what was found. */
export interface FoundPage {
  /** The courses, checked against PostgreSQL. */
  readonly hits: readonly SearchHit[]
  /** Where the next page begins; absent when there is none. */
  readonly next: PagePosition | undefined
  /** The candidates it was taken from. */
  readonly candidates: Candidates
}

/** What is asked for. */
export interface PageRequest {
  readonly wanted: Omit<CandidateQuery, 'depth'>
  readonly limit: number
  readonly position: PagePosition | undefined
}

/**
 * Fills a page with courses that PostgreSQL does not deny, and goes deeper while it is not full.
 * What a greater depth finds comes behind what was found before, so that no page repeats or skips
 * what another one had.
 */
export async function findPage(
  {
    candidates: cache,
    courses,
  }: { readonly candidates: CandidateCache; readonly courses: CourseReader },
  { wanted, limit, position }: PageRequest,
): Promise<Result<FoundPage, SearchError>> {
  const firstDepth = position?.depth ?? (limit <= depths[0] / 2 ? depths[0] : depths[1])
  let found: Ranking = []
  let page: FoundPage | undefined
  for (const depth of depths.filter((each) => each >= firstDepth)) {
    const candidates = await cache.get({ ...wanted, depth })
    if (candidates.isErr()) return err(candidates.error)
    found = extended(found, candidates.value.found)
    const from = position === undefined ? 0 : beginningOf(found, position)
    const shown = position?.shown ?? 0
    const hydrated = await hydrate(found, {
      courses,
      isFindable: (course) => isFindable(course, wanted.filters),
      limit,
      from,
      shown,
    })
    if (hydrated.isErr()) return err(hydrated.error)
    const { hits, used } = hydrated.value
    const isDeepest = !candidates.value.mayHaveMore || depth === depths.at(-1)
    const next =
      used < found.length || !isDeepest
        ? positionAfter(found, { depth: firstDepth, offset: used, shown: shown + hits.length })
        : undefined
    page = { hits, next, candidates: candidates.value }
    // Whoever waited for a leg that failed does not wait for it again.
    if (hits.length >= limit || isDeepest || candidates.value.degraded.length > 0) break
  }
  return page === undefined
    ? err(invalidField('page', 'is not the nextPage of a result'))
    : ok(page)
}

function extended(found: Ranking, deeper: Ranking): Ranking {
  if (found.length === 0) return deeper
  const courses = found.slice(0, found.length)
  const known = new Set(courses.map(({ id }) => id))
  return [...courses, ...deeper.slice(0, deeper.length).filter(({ id }) => !known.has(id))]
}
