import { err, isRowId, ok } from '@headwater/core'
import type { Result, Stores } from '@headwater/core'
import type { CourseSort } from '@headwater/repositories'
import type { ReadCourses } from './course-guesses.ts'
import type { CandidateSource } from '../candidate-cache.ts'
import { filterValues, selectSorted } from '../course-queries.ts'
import type { SortedCourse } from '../course-queries.ts'
import type { FoundPage, PageRequest } from './find-page.ts'
import { hydrate } from './hydrate.ts'
import { deepest, notACursor } from './page-cursor.ts'
import type { PagePosition } from './page-cursor.ts'
import { isFindable } from '../search-filters.ts'
import type { SearchError } from '../search-result.ts'

/** Dependencies of {@link findSortedPage}. */
export interface SortedPageDeps {
  readonly stores: Stores
  readonly candidates: CandidateSource
  readonly readCourses: ReadCourses
}

/**
 * Fills a page with the courses of a search in another order than by relevance: PostgreSQL sorts
 * the candidates at the greatest depth. Pages go on after the last course of the one before,
 * wherever the others have moved. Costs 1 round trip of PostgreSQL more than a page by relevance.
 */
export async function findSortedPage(
  { stores, candidates: cache, readCourses }: SortedPageDeps,
  { wanted, limit, position, searchId, sort }: PageRequest & { readonly sort: CourseSort },
): Promise<Result<FoundPage, SearchError>> {
  if (position !== undefined && !isPositionIn(sort, position)) return err(notACursor)
  const candidates = await cache.get({ ...wanted, depth: deepest, isRanked: false })
  if (candidates.isErr()) return err(candidates.error)
  const { found } = candidates.value
  const byId = new Map(found.slice(0, found.length).map((course) => [course.id, course]))
  const after = [position?.key ?? null, position?.lastId ?? null]
  const sorted = await stores.postgres.query<SortedCourse>(selectSorted(sort), [
    [...byId.keys()],
    limit + 1,
    ...after,
    ...filterValues(wanted.filters),
  ])
  if (sorted.isErr()) return err(sorted.error)
  const page = sorted.value.rows.slice(0, limit)
  const shown = position?.shown ?? 0
  const hydrated = await hydrate(
    page.flatMap(({ id }) => byId.get(id) ?? []),
    { readCourses, isFindable: (course) => isFindable(course, wanted.filters), limit, shown },
  )
  if (hydrated.isErr()) return err(hydrated.error)
  const { hits } = hydrated.value
  const last = sorted.value.rows.length > limit ? page.at(-1) : undefined
  const next: PagePosition | undefined = last && {
    searchId,
    depth: deepest,
    offset: 0,
    lastId: last.id,
    shown: shown + hits.length,
    key: last.key,
  }
  return ok({ hits, next, candidates: candidates.value })
}

const keys: Readonly<Record<CourseSort, RegExp>> = {
  newest: /^\d{1,10}$/,
  'price-ascending': /^\d{1,8}\.\d\d$/,
  'price-descending': /^\d{1,8}\.\d\d$/,
  title: /^[^\0]{1,255}$/su,
  popularity: /^\d{1,10}$/,
}

/** A position of another order, or one that no search has returned, would be refused by a store. */
function isPositionIn(sort: CourseSort, { key, lastId }: PagePosition): boolean {
  return key !== undefined && key.isWellFormed() && keys[sort].test(key) && isRowId(lastId)
}
