import type { Course } from '@headwater/repositories'
import type { CandidateCache } from '../candidate-cache.ts'
import type { Ranking } from '../fusion/fuse.ts'
import type { OrderedRequest } from '../pages/find-page.ts'
import { failedFilters } from '../search-filters.ts'
import type { SearchFilters } from '../search-filters.ts'
import { factsOf } from './explained-legs.ts'
import { leftOutOf } from './left-out.ts'
import type { AskedCourse } from './search-explanation.ts'
import type { LookNotes } from './search-trace.ts'
import type { WatchedSearch } from './watched-search.ts'

/** Where courses are, by what a page has shown. */
export interface Places {
  /** The ranking of the page, pins first. */
  readonly ranking: Ranking
  readonly pinned: readonly number[]
  readonly shown: ReadonlySet<number>
  readonly earlier: ReadonlySet<number>
  /** The course, `undefined` where there is none. */
  readonly courseOf: (id: number) => Course | undefined
}

/** Courses to say of what became of them. */
export interface AskedAbout {
  readonly ids: readonly number[]
  readonly wanted: OrderedRequest['wanted']
  readonly watched: WatchedSearch
  /** Whether a deeper look may find more. */
  readonly mayHaveMore: boolean
  readonly places: Places
}

/**
 * Says of courses what became of them. Costs a search as deep as the last page's where that may
 * find more, and beside it 1 round trip of PostgreSQL where the query has operators.
 */
export async function explainAsked(
  cache: CandidateCache,
  { ids, wanted, watched, mayHaveMore, places }: AskedAbout,
): Promise<readonly AskedCourse[]> {
  const [deepest, allowed] = await Promise.all([
    mayHaveMore ? watched.lookDeepest(cache, wanted) : watched.looks.at(-1),
    cache.allowed(wanted.query, ids),
  ])
  const looks = deepest === undefined ? watched.looks : [...watched.looks, deepest]
  const known = {
    ranked: new Set([...idsOf(places.ranking), ...idsOf(deepest?.found ?? [])]),
    leftOut: leftOutOf(looks, places.pinned),
    allowed: allowed.isOk() ? allowed.value : undefined,
  }
  const facts = factsOf(looks)
  const counted = new Set(looks.flatMap(({ words }) => idsOf(words?.rows ?? [])))
  const isWhole = deepest !== undefined && hasAllWithWords(deepest)
  return ids.map((courseId) => {
    const outcome = outcomeOf(courseId, { ...known, places, filters: wanted.filters })
    const { similarity, wordShare = 0 } = facts.get(courseId) ?? {}
    const wasLookedAt = isWhole && known.allowed?.has(courseId) === true && !isDenied(outcome)
    return {
      courseId,
      ...outcome,
      ...(similarity !== undefined && { similarity }),
      ...((counted.has(courseId) || wasLookedAt) && { wordShare }),
    }
  })
}

type Outcome = Pick<AskedCourse, 'reason' | 'filters'>

interface Known {
  readonly ranked: ReadonlySet<number>
  readonly leftOut: ReturnType<typeof leftOutOf>
  /** The courses that the operators allow; `undefined` where PostgreSQL did not say. */
  readonly allowed: ReadonlySet<number> | undefined
  readonly places: Places
  readonly filters: SearchFilters
}

function outcomeOf(id: number, { ranked, leftOut, allowed, places, filters }: Known): Outcome {
  if (places.shown.has(id)) return { reason: 'shown' }
  const denied = denialOf(places.courseOf(id), filters)
  if (denied !== undefined) return denied
  if (ranked.has(id)) return { reason: places.earlier.has(id) ? 'earlier-page' : 'further-down' }
  if (allowed?.has(id) === false) return { reason: 'excluded' }
  return { reason: leftOut.get(id) ?? 'not-found' }
}

/** Why PostgreSQL denies a course; `undefined` where it does not. */
export function denialOf(
  course: Course | undefined,
  filters: SearchFilters,
):
  | { readonly reason: 'deleted' | 'unpublished' }
  | { readonly reason: 'filtered'; readonly filters: ReturnType<typeof failedFilters> }
  | undefined {
  if (course === undefined) return { reason: 'deleted' }
  if (!course.isPublished) return { reason: 'unpublished' }
  const failed = failedFilters(course, filters)
  return failed.length > 0 ? { reason: 'filtered', filters: failed } : undefined
}

function isDenied({ reason }: Outcome): boolean {
  return reason === 'deleted' || reason === 'unpublished' || reason === 'filtered'
}

/** Whether the leg by words found fewer than it was asked for: no other course has the words. */
function hasAllWithWords({ words, legs, depth = 0 }: LookNotes): boolean {
  return words !== undefined && legs?.lexical !== undefined && words.rows.length < depth
}

function idsOf(ranking: Pick<Ranking, 'length' | 'slice'> | readonly { readonly id: number }[]) {
  return ranking.slice(0, ranking.length).map(({ id }: { readonly id: number }) => id)
}
