import { ok } from '@headwater/core'
import type { Stores } from '@headwater/core'
import type { CourseFunnel, EventCount, QueryCount } from '@headwater/repositories'
import type { ConsoleOptions } from '../console-options.ts'
import type { ActivityScreen, QueryFigure } from '../contract/screens.ts'
import type { Screen, ScreenDeps } from '../screen.ts'
import { section } from '../section.ts'
import { SlowFigure } from '../slow-figure.ts'
import { selectSpilled } from './activity-queries.ts'

type Analytics = NonNullable<ConsoleOptions['analytics']>

const dayMs = 24 * 3_600_000
const daysShown = 14
const queriesShown = 10

/** What users do: the activity log in figures. */
export function activityScreen(deps: ScreenDeps, analytics: Analytics): Screen {
  const figures = activityFigures(deps.stores, analytics)
  return {
    name: 'activity',
    views: { activity: async () => ok(await activity(deps, figures)) },
    actions: {},
  }
}

async function activity(
  { reading, figures }: ScreenDeps,
  { events, topQueries, withoutResults, funnel }: ReturnType<typeof activityFigures>,
): Promise<ActivityScreen> {
  const parts = await Promise.all([
    section(() => events.latest()),
    section(() => topQueries.latest()),
    section(() => withoutResults.latest()),
    section(() => funnel.latest()),
    section(() =>
      reading.query<{ spilled: number }>(selectSpilled).map(({ rows: [row] }) => row?.spilled ?? 0),
    ),
  ])
  return {
    events: parts[0],
    topQueries: parts[1],
    withoutResults: parts[2],
    funnel: parts[3],
    spilled: parts[4],
    history: figures.history(),
  }
}

/** Each reads the log of two weeks. */
function activityFigures({ clock }: Pick<Stores, 'clock'>, analytics: Analytics) {
  const period = (signal: AbortSignal) => {
    const now = clock.now()
    const from = new Date(now - (now % dayMs) - (daysShown - 1) * dayMs)
    return { from, to: new Date(now), signal }
  }
  const ranked = (signal: AbortSignal) => ({ ...period(signal), limit: queriesShown })
  return {
    events: new SlowFigure((signal) =>
      analytics.eventsPerDay(period(signal)).map((counts) => eventColumns(counts, clock.now())),
    ),
    topQueries: new SlowFigure((signal) => analytics.topQueries(ranked(signal)).map(queryFigures)),
    withoutResults: new SlowFigure((signal) =>
      analytics.queriesWithoutResults(ranked(signal)).map(queryFigures),
    ),
    funnel: new SlowFigure((signal) => analytics.courseFunnel(period(signal)).map(wholeFunnel)),
  }
}

function wholeFunnel(courses: readonly CourseFunnel[]) {
  return {
    viewed: sumOf(courses.map(({ viewed }) => viewed)),
    enrolled: sumOf(courses.map(({ enrolled }) => enrolled)),
    completed: sumOf(courses.map(({ completed }) => completed)),
  }
}

/** The counts of every day up to now, which the figures leave out where there are none. */
function eventColumns(counts: readonly EventCount[], now: number) {
  const today = now - (now % dayMs)
  const days = Array.from({ length: daysShown }, (_, ago) => today - ago * dayMs).reverse()
  const byType = Map.groupBy(counts, ({ type }) => type)
  const columns = [...byType].map(([type, own]) => {
    const onDay = new Map(own.map(({ day, count }) => [day.getTime(), count]))
    return [type, days.map((day) => onDay.get(day) ?? 0)] as const
  })
  return { days, byType: Object.fromEntries(columns) }
}

function queryFigures(queries: readonly QueryCount[]): readonly QueryFigure[] {
  return queries.map(({ query, searches }) => ({ query, searches }))
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
