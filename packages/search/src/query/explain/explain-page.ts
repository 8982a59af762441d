import { err, ok } from '@headwater/core'
import type { Result, Stores } from '@headwater/core'
import type { Course } from '@headwater/repositories'
import type { CandidateCache } from '../candidate-cache.ts'
import { filterValues, selectSorted } from '../course-queries.ts'
import type { SortedCourse } from '../course-queries.ts'
import type { Ranking } from '../fusion/fuse.ts'
import type { ReadCourses } from '../pages/course-guesses.ts'
import type { OrderedRequest } from '../pages/find-page.ts'
import { pinnedFirst, pinnedFor } from '../pages/pins.ts'
import type { Pins } from '../pages/pins.ts'
import { startOf } from '../pages/page-cursor.ts'
import type { SearchHit } from '../pages/hydrate.ts'
import type { SearchFilters } from '../search-filters.ts'
import type { SearchError } from '../search-result.ts'
import { denialOf, explainAsked } from './explain-asked.ts'
import { explainHits, explainLegs, factsOf } from './explained-legs.ts'
import type { CourseFacts } from './explained-legs.ts'
import { leftOutOf } from './left-out.ts'
import { maxDropped } from './search-explanation.ts'
import type { DropReason, DroppedCourse, SearchExplanation } from './search-explanation.ts'
import type { WatchedSearch } from './watched-search.ts'

/** Dependencies of {@link explainPage}. */
export interface ExplainDeps {
  readonly stores: Stores
  readonly readCourses: ReadCourses
  readonly pins: Pins
  readonly cache: CandidateCache
}

/** A page that was found while its search was watched. */
export interface WatchedPage {
  readonly request: OrderedRequest
  readonly hits: readonly SearchHit[]
  readonly watched: WatchedSearch
  /** Courses to say of what became of them. */
  readonly askedAbout: readonly number[]
  /** Whether a deeper look may find more. */
  readonly mayHaveMore: boolean
}

/**
 * Explains a page. Costs 1 round trip to read courses of other pages, and 1 of PostgreSQL for a
 * further page in another order than by relevance; what {@link explainAsked} costs where courses
 * are asked about.
 */
export async function explainPage(
  deps: ExplainDeps,
  { request, hits, watched, askedAbout, mayHaveMore }: WatchedPage,
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
  const { filters } = request.wanted
  const courseOf = (id: number): Course | undefined => read.get(id) ?? rows.value.get(id)
  const droppedAs = (courseId: number): DroppedCourse => {
    const place = earlier.value.has(courseId) ? 'earlier-page' : 'further-down'
    const reason = leftOut.get(courseId) ?? place
    const outcome = reasonOf(reason, { course: courseOf(courseId), filters })
    return { courseId, ...outcome, ...sharesIn(facts.get(courseId)) }
  }
  const places = { ranking, pinned, shown, earlier: earlier.value, courseOf }
  const asked = { ids: askedAbout, wanted: request.wanted, watched, mayHaveMore, places }
  return ok({
    ...explainLegs(looks.at(-1) ?? {}),
    hits: explainHits(hits, facts),
    dropped: listed.map(droppedAs),
    droppedCount: dropped.length,
    ...(askedAbout.length > 0 && { asked: await explainAsked(deps.cache, asked) }),
    timings,
  })
}

function sharesIn({ similarity, wordShare = 0 }: Partial<CourseFacts> = {}) {
  return similarity === undefined ? { wordShare } : { similarity, wordShare }
}

/**
 * Whether the course itself may tell another reason: PostgreSQL may deny one of the ranking, and
 * one without words is unpublished as likely as excluded.
 */
function isOfCourse(reason: DropReason | undefined): boolean {
  return reason !== 'below-floor' && reason !== 'not-distinct' && reason !== 'too-few-words'
}

function reasonOf(
  reason: DropReason,
  { course, filters }: { readonly course: Course | undefined; readonly filters: SearchFilters },
): Pick<DroppedCourse, 'reason' | 'filters'> {
  if (!isOfCourse(reason)) return { reason }
  const denied = denialOf(course, reason === 'excluded' ? {} : filters)
  return denied ?? { reason }
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
