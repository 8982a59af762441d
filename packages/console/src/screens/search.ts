import * as z from 'zod/mini'
import { err, invalidField, missingTableAs, ok, once, storableText } from '@headwater/core'
import type { CourseStatus, DroppedCourse, SearchResult, StatusSummary } from '@headwater/search'
import { action, count } from '../action.ts'
import type { ConsoleOptions } from '../console-options.ts'
import type {
  CourseState,
  MeasuredFloor,
  SearchScreen,
  TriedSearch,
} from '../contract/search-screen.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { SlowFigure } from '../slow-figure.ts'
import { indexActions } from './index-actions.ts'
import { selectFloors } from './search-queries.ts'

type Search = NonNullable<ConsoleOptions['search']>

/** Time for a search that an operator tries, which may have to be embedded. */
const searchMs = 5_000
const hitsShown = 20
const longestQuery = 1_000

const tried = once(() => z.strictObject({ query: storableText(longestQuery) }))

/** Tries searches, compares the index with PostgreSQL, repairs it. */
export function searchScreen(deps: ScreenDeps, search: Search): Screen {
  // It reads every course.
  const summary = new SlowFigure(() => search.index.summary())
  return {
    name: 'search',
    views: {
      search: async () => ok(await searchView(deps, search, summary)),
      'search/course': async (query) => {
        const id = query.get('id') ?? ''
        if (!/^\d{1,10}$/.test(id)) return err(invalidField('id', 'must be the id of a course'))
        return (await search.index.status(Number(id))).map(courseState)
      },
    },
    actions: {
      // It may have to be embedded, which costs money, and is in the activity log.
      'search/try': action(tried(), ({ query }) =>
        search
          .search(query, { limit: hitsShown, explain: true, signal: AbortSignal.timeout(searchMs) })
          .map((found) => ({
            outcome: `found ${count(found.hits.length, 'course')}`,
            data: triedSearch(found),
          })),
      ),
      ...indexActions(search.index),
    },
  }
}

async function searchView(
  { figures, reading }: ScreenDeps,
  { index }: Search,
  counted: SlowFigure<StatusSummary>,
): Promise<SearchScreen> {
  const [generations, summary, floors] = await Promise.all([
    section(() =>
      index.generations
        .list()
        .map((all) =>
          all.map(({ name, model, dimensions, state }) => ({ name, model, dimensions, state })),
        ),
    ),
    section(() => counted.latest()),
    section(() =>
      reading
        .query<MeasuredFloor>(selectFloors)
        .map(({ rows }): readonly MeasuredFloor[] => rows)
        .orElse(missingTableAs<readonly MeasuredFloor[]>([])),
    ),
  ])
  return { generations, summary, floors, history: figures.history() }
}

function courseState({ changedAt, ...status }: CourseStatus): CourseState {
  return { ...status, ...(changedAt === undefined ? {} : { changedAt: changedAt.getTime() }) }
}

function triedSearch(found: SearchResult): TriedSearch {
  const { mode, durationMs, isCached, degraded, hits, explanation } = found
  return {
    mode,
    durationMs,
    isCached,
    degraded: degraded.map(({ leg, reason }) => ({ leg, reason })),
    hits: hits.map(({ rank, course, score, legs }) => ({
      rank,
      courseId: course.id,
      title: course.title,
      score,
      legs,
    })),
    dropped: (explanation?.dropped ?? []).map(droppedCourse),
    droppedCount: explanation?.droppedCount ?? 0,
    ...(explanation?.meaning === undefined ? {} : { floor: explanation.meaning.floor }),
    timings: { ...explanation?.timings },
  }
}

function droppedCourse({
  courseId,
  reason,
  filters,
  similarity,
  wordShare,
}: DroppedCourse): TriedSearch['dropped'][number] {
  const why = filters === undefined ? reason : `${reason}: ${filters.join(', ')}`
  return { courseId, reason: why, wordShare, ...(similarity === undefined ? {} : { similarity }) }
}
