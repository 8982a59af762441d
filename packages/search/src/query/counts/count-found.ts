import { err, ok } from '@headwater/core'
import type { Money, Result, Stores } from '@headwater/core'
import type { CandidateCache } from '../candidate-cache.ts'
import { countCourses, filterValues } from '../course-queries.ts'
import type { CountedValue, Facet } from '../course-queries.ts'
import type { CandidateQuery, Candidates } from '../find-candidates.ts'
import { deepest } from '../pages/page-cursor.ts'
import { pinnedFirst, pinnedFor } from '../pages/pins.ts'
import type { Pins } from '../pages/pins.ts'
import { bandsOf } from './price-bands.ts'
import type { SearchFilters } from '../search-filters.ts'
import type { SearchCounts, SearchError, ValueCount } from '../search-result.ts'

/** The courses of a search, counted. */
export interface CountedCourses extends Pick<SearchCounts, 'total' | 'isExact' | Facet> {
  /** The candidates that were counted. */
  readonly candidates: Candidates
}

/** Dependencies of {@link countFound}. */
export interface CountDeps {
  readonly stores: Stores
  readonly candidates: CandidateCache
  readonly pins: Pins
}

/** The filters that do not apply to what is counted by each field. */
const filtersOn: Readonly<Record<Facet, readonly (keyof SearchFilters)[]>> = {
  category: ['category'],
  difficulty: ['difficulty'],
  instructorId: ['instructorId'],
  language: ['language'],
  price: ['minPrice', 'maxPrice'],
  hasSeats: ['hasSeats'],
}
const facets = Object.keys(filtersOn) as readonly Facet[]

/** A count, and the edges of its bands of prices. */
export interface WantedCount extends Omit<CandidateQuery, 'depth'> {
  readonly priceBands: readonly Money[]
}

/**
 * Counts the courses that a search finds at its deepest, those of each value without the filter on
 * it: what the number would be if that value were chosen. 1 round trip of PostgreSQL, and one more,
 * with a search of its own where that is not cached, for each field with a filter; all side by
 * side.
 */
export async function countFound(
  deps: CountDeps,
  { priceBands, ...asked }: WantedCount,
): Promise<Result<CountedCourses, SearchError>> {
  const wanted = deps.candidates.distinct(asked)
  const count = (filters: SearchFilters) => countAll(deps, { ...wanted, filters, priceBands })
  const filtered = facets.filter((facet) =>
    filtersOn[facet].some((name) => wanted.filters[name] !== undefined),
  )
  const [inAll, ...unfiltered] = await Promise.all([
    count(wanted.filters),
    ...filtered.map((facet) => count(without(wanted.filters, filtersOn[facet]))),
  ])
  if (inAll.isErr()) return err(inAll.error)
  const rowsOf = new Map(facets.map((facet) => [facet, inAll.value.rows]))
  for (const [index, one] of unfiltered.entries()) {
    if (one.isErr()) return err(one.error)
    const facet = filtered[index]
    if (facet !== undefined) rowsOf.set(facet, one.value.rows)
  }
  const looks = [inAll, ...unfiltered].flatMap((one) => (one.isOk() ? [one.value.candidates] : []))
  const valuesOf = (facet: Facet): ValueCount<string>[] =>
    (rowsOf.get(facet) ?? []).flatMap(({ of, value, courses }) =>
      of === facet && value !== null ? [{ value, courses }] : [],
    )
  return ok({
    total: inAll.value.rows.find(({ of }) => of === 'total')?.courses ?? 0,
    isExact: looks.every(({ mayHaveMore }) => !mayHaveMore),
    category: valuesOf('category'),
    difficulty: valuesOf('difficulty'),
    instructorId: valuesOf('instructorId').map(readAs(Number)),
    language: valuesOf('language'),
    price: bandsOf(
      priceBands,
      new Map(valuesOf('price').map(({ value, courses }) => [Number(value), courses])),
    ),
    hasSeats: valuesOf('hasSeats').map(readAs((value) => value === 'true')),
    candidates: inAll.value.candidates,
  })
}

function readAs<Value>(read: (value: string) => Value) {
  return ({ value, courses }: ValueCount<string>): ValueCount<Value> => ({
    value: read(value),
    courses,
  })
}

interface Counts {
  readonly rows: readonly CountedValue[]
  readonly candidates: Candidates
}

async function countAll(
  { stores, candidates: cache, pins }: CountDeps,
  { priceBands, ...wanted }: WantedCount,
): Promise<Result<Counts, SearchError>> {
  const candidates = await cache.get({ ...wanted, depth: deepest, isRanked: false })
  if (candidates.isErr()) return err(candidates.error)
  const found = pinnedFirst(candidates.value.found, pinnedFor(pins, wanted))
  const ids = found.slice(0, found.length).map(({ id }) => id)
  const rows = await stores.postgres.query<CountedValue>(countCourses, [
    ids,
    ...filterValues(wanted.filters),
    priceBands,
  ])
  return rows.map((result) => ({ rows: result.rows, candidates: candidates.value }))
}

function without(filters: SearchFilters, names: readonly (keyof SearchFilters)[]): SearchFilters {
  const entries = Object.entries(filters)
  return Object.fromEntries(
    entries.filter(([name]) => !names.includes(name as keyof SearchFilters)),
  )
}
