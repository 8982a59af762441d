import type {
  ActiveUsers,
  CourseFunnel,
  CourseRevenue,
  EventCount,
  Period,
  PositionClicks,
  QueryCount,
  SearchTime,
} from '@headwater/repositories'
import type { AnyLog } from './log-arbitraries.ts'

/** The figures, computed by plain loops over the log. */
export class ExpectedFigures {
  readonly #log: AnyLog

  constructor(log: AnyLog, { from, to }: Period) {
    const inPeriod = <Document extends { readonly timestamp?: Date }>(
      documents: readonly Document[],
    ) =>
      documents.filter(
        ({ timestamp }) => timestamp !== undefined && timestamp >= from && timestamp < to,
      )
    this.#log = {
      activity: inPeriod(log.activity),
      enrollments: inPeriod(log.enrollments),
      searches: inPeriod(log.searches),
    }
  }

  activeUsers(per: 'day' | 'week'): ActiveUsers[] {
    const signedIn = this.#log.activity.filter(({ user_id }) => user_id !== null)
    const groups = groupBy(signedIn, ({ timestamp }) =>
      String((per === 'day' ? dayOf(timestamp) : weekOf(timestamp)).getTime()),
    )
    return sorted(
      [...groups].map(([since, events]) => ({
        since: new Date(Number(since)),
        users: new Set(events.map(({ user_id }) => user_id)).size,
      })),
      ({ since }) => [since.getTime()],
    )
  }

  eventsPerDay(type?: string): EventCount[] {
    const events = this.#log.activity.filter(
      ({ event_type }) => type === undefined || event_type === type,
    )
    const groups = groupBy(
      events,
      ({ event_type, timestamp }) => `${event_type} ${dayOf(timestamp).getTime()}`,
    )
    const counts = [...groups.values()].flatMap((group) =>
      group.slice(0, 1).map(({ event_type, timestamp }) => ({
        type: event_type,
        day: dayOf(timestamp),
        count: group.length,
      })),
    )
    return sorted(counts, (count) => [count.day.getTime(), count.type])
  }

  courseFunnel(only?: number): CourseFunnel[] {
    const viewed = new Set<string>()
    const enrolled = new Set<string>()
    const completed = new Set<string>()
    for (const { event_type, user_id, event_data } of this.#log.activity) {
      if (event_type === 'course.viewed' && user_id !== null)
        viewed.add(`${Number(event_data['courseId'])} ${user_id}`)
    }
    for (const { event_type, user_id, course_id } of this.#log.enrollments) {
      if (event_type === 'enrollment.completed') completed.add(`${course_id} ${user_id}`)
      else if (event_type !== 'enrollment.withdrawn') enrolled.add(`${course_id} ${user_id}`)
    }
    const courses = new Set([...viewed, ...enrolled, ...completed].map(courseOf))
    const of = (pairs: Iterable<string>, courseId: number) =>
      [...pairs].filter((pair) => courseOf(pair) === courseId).length
    return [...courses]
      .filter((courseId) => only === undefined || courseId === only)
      .sort((one, other) => one - other)
      .map((courseId) => ({
        courseId,
        viewed: of(viewed, courseId),
        enrolled: of(enrolled, courseId),
        completed: of(completed, courseId),
        viewedAndEnrolled: of(
          [...viewed].filter((pair) => enrolled.has(pair)),
          courseId,
        ),
        enrolledAndCompleted: of(
          [...enrolled].filter((pair) => completed.has(pair)),
          courseId,
        ),
      }))
  }

  revenue(only?: number): CourseRevenue[] {
    const paid = this.#log.enrollments.filter(
      ({ event_type, course_id }) =>
        event_type === 'enrollment.created' && (only === undefined || course_id === only),
    )
    const groups = groupBy(
      paid,
      ({ course_id, timestamp }) => `${course_id} ${dayOf(timestamp).getTime()}`,
    )
    const sums = [...groups.values()].flatMap((group) =>
      group.slice(0, 1).map(({ course_id, timestamp }) => ({
        courseId: course_id,
        day: dayOf(timestamp),
        enrollments: group.length,
        minorUnits: Number(
          group.reduce((sum, { event_data }) => sum + BigInt(Number(event_data['price_paid'])), 0n),
        ),
      })),
    )
    return sorted(sums, (sum) => [sum.day.getTime(), sum.courseId])
  }

  queries(limit: number, withoutResults: boolean): QueryCount[] {
    const counts = new Map<string, QueryCount>()
    for (const { query, timestamp, results_count } of this.#log.searches) {
      if (query === undefined || timestamp === undefined || (withoutResults && results_count !== 0))
        continue
      const { searches, lastAt } = counts.get(query) ?? { searches: 0, lastAt: timestamp }
      counts.set(query, {
        query,
        searches: searches + 1,
        lastAt: lastAt > timestamp ? lastAt : timestamp,
      })
    }
    return sorted([...counts.values()], ({ searches, query }) => [-searches, query]).slice(0, limit)
  }

  clickThrough(): PositionClicks[] {
    const searches = this.#log.searches.filter(({ results_count = 0 }) => results_count > 0)
    const clicked = searches.map(
      ({ click_position, clicks }) =>
        new Set([
          ...(clicks ?? []).map(({ position }) => position),
          ...(click_position === null || click_position === undefined ? [] : [click_position]),
        ]),
    )
    return [...new Set(clicked.flatMap((positions) => [...positions]))]
      .sort((one, other) => one - other)
      .map((position) => {
        const clicks = clicked.filter((positions) => positions.has(position)).length
        const shown = searches.filter(({ results_count = 0 }) => results_count >= position).length
        return { position, clicks, shown, rate: shown === 0 ? null : clicks / shown }
      })
  }

  searchTime(): SearchTime {
    const times = this.#log.searches
      .flatMap(({ search_duration_ms: ms }) => (ms === undefined ? [] : [ms]))
      .sort((one, other) => one - other)
    const [lower, upper] = [
      times[Math.ceil(times.length / 2) - 1],
      times[Math.floor(times.length / 2)],
    ]
    return {
      searches: times.length,
      medianMs: lower === undefined || upper === undefined ? null : (lower + upper) / 2,
    }
  }
}

function dayOf(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 86_400_000) * 86_400_000)
}

function weekOf(date: Date): Date {
  const day = dayOf(date)
  return new Date(day.getTime() - ((day.getUTCDay() + 6) % 7) * 86_400_000)
}

function courseOf(pair: string): number {
  return Number(pair.split(' ')[0])
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, keyOf)
}

function sorted<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => readonly (string | number)[],
): Item[] {
  return items.toSorted((one, other) => {
    const [first, second] = [keyOf(one), keyOf(other)]
    const index = first.findIndex((part, at) => part !== second[at])
    if (index === -1) return 0
    const [left, right] = [first[index], second[index]]
    if (typeof left === 'string' && typeof right === 'string')
      return Buffer.compare(Buffer.from(left), Buffer.from(right))
    return Number(left) - Number(right)
  })
}
