import { err, ok } from '@headwater/core'
import type { Result, Stores } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import { filterValues, selectSorted } from '../course-queries.ts'
import type { SortedCourse } from '../course-queries.ts'
import type { Ranking } from '../fusion/fuse.ts'
import type { ReadCourses } from '../pages/course-guesses.ts'
import type { OrderedRequest } from '../pages/find-page.ts'
import { pinnedFirst, pinnedFor } from '../pages/pins.ts'
import type { Pins } from '../pages/pins.ts'
import { startOf } from '../pages/page-cursor.ts'
import type { SearchHit } from '../pages/hydrate.ts'
import { failedFilters } from '../search-filters.ts'
import type { SearchFilters } from '../search-filters.ts'
import type { SearchError } from '../search-result.ts'
import { explainHits, explainLegs, factsOf } from './explained-legs.ts'
import { leftOutOf } from './left-out.ts'
import { maxDropped } from './search-explanation.ts'
import type { AskedCourse, DroppedCourse, SearchExplanation } from './search-explanation.ts'
import type { WatchedSearch } from './watched-search.ts'

/** Dependencies of {@link explainPage}. */
export interface ExplainDeps {
  readonly stores: Stores
  readonly readCourses: ReadCourses
  readonly pins: Pins
}

/** A page that was found while its search was watched. */
export interface WatchedPage {
  readonly request: OrderedRequest
  readonly hits: readonly SearchHit[]
  readonly watched: WatchedSearch
  /** Courses to say of what became of them. */
  readonly askedAbout: readonly number[]
}

/**
 * Explains a page. Costs 1 round trip to read courses of other pages, and 1 of PostgreSQL for a
 * further page in another order than by relevance.
 */
export async function explainPage(
  deps: ExplainDeps,
  { request, hits, watched, askedAbout }: WatchedPage,
): Promise<Result<SearchExplanation, SearchError>> {
  const { looks, read, timings } = watched
  const pinned = request.sort === 'relevance' ? pinnedFor(deps.pins, request.wanted) : []
  const ranking = pinnedFirst(watched.ranking, pinned)
  const shown = new Set(hits.map(({ course }) => course.id))
  const earlier = await idsBefore(deps, request, { ranking, first: hits[0]?.course.id })
  if (earlier.isErr()) return err(earlier.error)
  const leftOut = leftOutOf(looks, pinned)
  const ids = ranking.slice(0, ranking.length).flatMap(({ id }) => (shown.has(id) ? [] : [id]))
  const [denied, unreached] = [ids.filter((id) => read.has(id)), ids.filter((id) => !read.has(id))]
  const dropped = [...denied, ...leftOut.keys(), ...unreached]
  const listed = dropped.slice(0, maxDropped)
  const isDoubtful = (id: number): boolean => isOfCourse(leftOut.get(id)) && !read.has(id)
  const unread = askedAbout.filter((id) => !read.has(id))
  const rows = await deps.readCourses([...new Set([...listed.filter(isDoubtful), ...unread])])
  if (rows.isErr()) return err(rows.error)
  const facts = factsOf(looks)
  const places = { shown, dropped: new Set(dropped), leftOut, earlier: earlier.value }
  const factsFor = (courseId: number): AskedCourse => {
    const { similarity, wordShare = 0 } = facts.get(courseId) ?? {}
    const course = read.get(courseId) ?? rows.value.get(courseId)
    return {
      courseId,
      ...reasonOf(whereIs(courseId, places), { course, filters: request.wanted.filters }),
      ...(similarity === undefined ? { wordShare } : { similarity, wordShare }),
    }
  }
  return ok({
    ...explainLegs(looks.at(-1) ?? {}),
    hits: explainHits(hits, facts),
    dropped: listed.map((id) => factsFor(id) as DroppedCourse),
    droppedCount: dropped.length,
    ...(askedAbout.length > 0 && { asked: askedAbout.map(factsFor) }),
    timings,
  })
}

/** What is known of where courses are. */
interface Places {
  readonly shown: ReadonlySet<number>
  readonly dropped: ReadonlySet<number>
  readonly leftOut: ReadonlyMap<number, AskedCourse['reason']>
  readonly earlier: ReadonlySet<number>
}

function whereIs(id: number, { shown, dropped, leftOut, earlier }: Places): AskedCourse['reason'] {
  if (shown.has(id)) return 'shown'
  if (!dropped.has(id)) return 'not-found'
  return leftOut.get(id) ?? (earlier.has(id) ? 'earlier-page' : 'further-down')
}

/**
 * Whether the course itself may tell another reason: PostgreSQL may deny one of the ranking, and
 * one without words is unpublished as likely as excluded.
 */
function isOfCourse(reason: AskedCourse['reason'] | undefined): boolean {
  if (reason === 'shown') return false
  return reason !== 'below-floor' && reason !== 'not-distinct' && reason !== 'too-few-words'
}

function reasonOf(
  reason: AskedCourse['reason'],
  { course, filters }: { readonly course: Course | undefined; readonly filters: SearchFilters },
): Pick<AskedCourse, 'reason' | 'filters'> {
  if (!isOfCourse(reason)) return { reason }
  if (course === undefined) return { reason: 'deleted' }
  if (!course.isPublished) return { reason: 'unpublished' }
  const failed = reason === 'excluded' ? [] : failedFilters(course, filters)
  return failed.length > 0 ? { reason: 'filtered', filters: failed } : { reason }
}

/** The courses of earlier pages. */
async function idsBefore(
  { stores }: ExplainDeps,
  { wanted, position, sort }: OrderedRequest,
  { ranking, first }: { readonly ranking: Ranking; readonly first: number | undefined },
): Promise<Result<ReadonlySet<number>, SearchError>> {
  if (position === undefined) return ok(new Set())
  const found = ranking.slice(0, ranking.length).map(({ id }) => id)
  if (sort === 'relevance') return ok(new Set(found.slice(0, startOf(ranking, position))))
  const sorted = await stores.postgres.query<SortedCourse>(selectSorted(sort), [
    found,
    found.length,
    null,
    null,
    ...filterValues(wanted.filters),
  ])
  return sorted.map(({ rows }) => {
    const inOrder = rows.map(({ id }) => id)
    return new Set(first === undefined ? inOrder : inOrder.slice(0, inOrder.indexOf(first)))
  })
}
