import { err, ok } from '@headwater/core'
import type { Result, Stores } from '@headwater/core'
import type { CandidateCache } from './candidate-cache.ts'
import { countCourses, filterValues } from './course-queries.ts'
import type { CountedValue } from './course-queries.ts'
import type { CandidateQuery, Candidates } from './find-candidates.ts'
import { deepest } from './pages/page-cursor.ts'
import { pinnedFirst, pinnedFor } from './pages/pins.ts'
import type { Pins } from './pages/pins.ts'
import type { SearchFilters } from './search-filters.ts'
import type { SearchError, ValueCount } from './search-result.ts'

/** The courses of a search, counted. */
export interface CountedCourses {
  readonly total: number
  readonly category: readonly ValueCount<string>[]
  readonly difficulty: readonly ValueCount<string>[]
  readonly instructorId: readonly ValueCount<number>[]
  readonly language: readonly ValueCount<string>[]
  /** The candidates that were counted. */
  readonly candidates: Candidates
}

/** Dependencies of {@link countFound}. */
export interface CountDeps {
  readonly stores: Stores
  readonly candidates: CandidateCache
  readonly pins: Pins
}

const counted = ['category', 'difficulty', 'instructorId', 'language'] as const

/**
 * Counts the courses that a search finds at its deepest, those of each value without the filter on
 * it: what the number would be if that value were chosen. 1 round trip of PostgreSQL, and one more,
 * with a search of its own where that is not cached, for each of these filters; all side by side.
 */
export async function countFound(
  deps: CountDeps,
  asked: Omit<CandidateQuery, 'depth'>,
): Promise<Result<CountedCourses, SearchError>> {
  const wanted = deps.candidates.distinct(asked)
  const filtered = counted.filter((key) => wanted.filters[key] !== undefined)
  const [inAll, ...unfiltered] = await Promise.all([
    countAll(deps, wanted),
    ...filtered.map((key) => countAll(deps, { ...wanted, filters: without(wanted.filters, key) })),
  ])
  if (inAll.isErr()) return err(inAll.error)
  const rowsOf = new Map(counted.map((key) => [key, inAll.value.rows]))
  for (const [index, one] of unfiltered.entries()) {
    if (one.isErr()) return err(one.error)
    const key = filtered[index]
    if (key !== undefined) rowsOf.set(key, one.value.rows)
  }
  const valuesOf = (key: (typeof counted)[number]): ValueCount<string>[] =>
    (rowsOf.get(key) ?? []).flatMap(({ of, value, courses }) =>
      of === key && value !== null ? [{ value, courses }] : [],
    )
  return ok({
    total: inAll.value.rows.find(({ of }) => of === 'total')?.courses ?? 0,
    category: valuesOf('category'),
    difficulty: valuesOf('difficulty'),
    instructorId: valuesOf('instructorId').map(({ value, courses }) => ({
      value: Number(value),
      courses,
    })),
    language: valuesOf('language'),
    candidates: inAll.value.candidates,
  })
}

interface Counts {
  readonly rows: readonly CountedValue[]
  readonly candidates: Candidates
}

async function countAll(
  { stores, candidates: cache, pins }: CountDeps,
  wanted: Omit<CandidateQuery, 'depth'>,
): Promise<Result<Counts, SearchError>> {
  const candidates = await cache.get({ ...wanted, depth: deepest, isRanked: false })
  if (candidates.isErr()) return err(candidates.error)
  const found = pinnedFirst(candidates.value.found, pinnedFor(pins, wanted))
  const ids = found.slice(0, found.length).map(({ id }) => id)
  const rows = await stores.postgres.query<CountedValue>(countCourses, [
    ids,
    ...filterValues(wanted.filters),
  ])
  return rows.map((result) => ({ rows: result.rows, candidates: candidates.value }))
}

function without(filters: SearchFilters, key: keyof SearchFilters): SearchFilters {
  const { [key]: _removed, ...others } = filters
  return others
}
