import * as z from 'zod/mini'
import { ok, once, storableText } from '@headwater/core'
import type { RepairReport, SearchResult, StatusSummary, VerifyReport } from '@headwater/search'
import { action, count, oneAtATime, type Deed } from '../action.ts'
import type { ConsoleOptions } from '../console-options.ts'
import type { IndexDrift, SearchScreen, TriedSearch } from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { SlowFigure } from '../slow-figure.ts'

type Search = NonNullable<ConsoleOptions['search']>

/** Time for a search that an operator tries, which may have to be embedded. */
const searchMs = 5_000
/** Time for a comparison of the whole index; what it saw by then is shown. */
const verifyMs = 30_000
const hitsShown = 20
const longestQuery = 1_000
const mostRepaired = 1_000

const nothing = once(() => z.strictObject({}))
const tried = once(() => z.strictObject({ query: storableText(longestQuery) }))

/** Tries searches, compares the index with PostgreSQL, repairs it. */
export function searchScreen(deps: ScreenDeps, search: Search): Screen {
  // It reads every course.
  const summary = new SlowFigure(() => search.index.summary())
  return {
    name: 'search',
    views: { search: async () => ok(await searchView(deps, search, summary)) },
    actions: {
      // It may have to be embedded, which costs money, and is in the activity log.
      'search/try': action(tried(), ({ query }) =>
        search
          .search(query, { limit: hitsShown, signal: AbortSignal.timeout(searchMs) })
          .map((found) => ({
            outcome: `found ${count(found.hits.length, 'course')}`,
            data: triedSearch(found),
          })),
      ),
      'search/verify': action(
        nothing(),
        oneAtATime(() =>
          search.index.verify({ signal: AbortSignal.timeout(verifyMs) }).map(verified),
        ),
      ),
      'search/repair': action(
        nothing(),
        oneAtATime(() => search.index.repair({ apply: true, limit: mostRepaired }).map(repaired)),
      ),
    },
  }
}

async function searchView(
  { figures }: ScreenDeps,
  { index }: Search,
  counted: SlowFigure<StatusSummary>,
): Promise<SearchScreen> {
  const [generations, summary] = await Promise.all([
    section(() =>
      index.generations
        .list()
        .map((all) =>
          all.map(({ name, model, dimensions, state }) => ({ name, model, dimensions, state })),
        ),
    ),
    section(() => counted.latest()),
  ])
  return { generations, summary, history: figures.history() }
}

function triedSearch({ mode, durationMs, isCached, degraded, hits }: SearchResult): TriedSearch {
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
  }
}

function verified({ generation: _, isInSync, ...report }: VerifyReport): Deed {
  const differences = report.missing + report.orphaned + report.stale + report.wrongGeneration
  const data: IndexDrift = report
  const seen = report.isComplete ? '' : ' before its time was up'
  const outcome = isInSync
    ? 'found the index in sync'
    : `found ${count(differences, 'difference')}${seen}`
  return { outcome, data }
}

function repaired({ repaired: number, failed }: RepairReport): Deed {
  const left = failed.length === 0 ? '' : `, could not repair ${count(failed.length, 'course')}`
  return { outcome: `repaired ${count(number, 'record')}${left}` }
}
