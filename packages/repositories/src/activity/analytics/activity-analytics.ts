import { errAsync, once, rowId, storableText, validate } from '@headwater/core'
import type {
  InvalidInput,
  ResultAsync,
  Schema,
  StoreError,
  StoreUnavailable,
} from '@headwater/core'
import type { Document } from 'mongodb'
import * as z from 'zod/mini'
import type {
  ActiveUsers,
  CalendarOptions,
  CourseFunnel,
  CourseRevenue,
  EventCount,
  Period,
  PositionClicks,
  QueryCount,
  SearchTime,
} from './activity-figures.ts'
import { moment } from '../activity-input.ts'
import type { ReadActivityError } from '../activity.ts'
import { activeUsersPer, eventsPerDay } from './activity-pipelines.ts'
import type { Aggregation } from './aggregation.ts'
import { clicksByPosition } from './click-pipeline.ts'
import { courseFunnel, revenuePerDay } from './course-pipelines.ts'
import { queriesByCount } from './query-pipeline.ts'
import { medianSearchTime } from './search-time-pipeline.ts'
import type { EventLog } from '../event-log.ts'
import { splitOptions } from '../../split-options.ts'

const deadlineMs = 30_000

const timeZone = once(() =>
  z._default(
    z
      .string()
      .check(
        z.refine(
          isTimeZone,
          'must be an IANA name such as Europe/Berlin, or an offset such as +02:00',
        ),
      ),
    'UTC',
  ),
)
const period = once(() => z.strictObject({ from: moment(), to: moment() }))
const calendar = once(() => z.extend(period(), { timeZone: timeZone() }))
const ranked = once(() =>
  z.extend(period(), { limit: z._default(z.int().check(z.minimum(1), z.maximum(1_000)), 20) }),
)
const inputs = once(() => ({
  activeUsers: z.extend(calendar(), { per: z._default(z.enum(['day', 'week']), 'day') }),
  eventsPerDay: z.extend(calendar(), { type: z.optional(storableText(100)) }),
  ofCourse: z.extend(period(), { courseId: z.optional(rowId()) }),
  revenue: z.extend(calendar(), { courseId: z.optional(rowId()) }),
  ranked: ranked(),
  period: period(),
}))

/**
 * Figures over the activity log. Each is one aggregation of MongoDB over the part of an index that
 * the period covers: one round trip, at most 30 seconds. Days and weeks begin at midnight of
 * `timeZone`, which is UTC unless it is given; `from` is included, `to` is not. Activity of the
 * last half second may be missing, and during an outage of MongoDB everything since it began.
 */
export class ActivityAnalytics {
  readonly #log: EventLog | undefined

  /** @internal */
  constructor(log: EventLog | undefined) {
    this.#log = log
  }

  /** Active signed-in users per day, or per week, in order; days without any are left out. */
  activeUsers(
    options: Period & CalendarOptions & { readonly per?: 'day' | 'week' | undefined },
  ): ResultAsync<readonly ActiveUsers[], ReadActivityError> {
    return this.#answer(inputs().activeUsers, options, (input) => activeUsersPer(input.per, input))
  }

  /** Events per day and type, or of one type per day, by day and type. */
  eventsPerDay(
    options: Period & CalendarOptions & { readonly type?: string | undefined },
  ): ResultAsync<readonly EventCount[], ReadActivityError> {
    return this.#answer(inputs().eventsPerDay, options, (input) => eventsPerDay(input, input.type))
  }

  /** Users who viewed, took a seat in and completed each course, or one course, by course. */
  courseFunnel(
    options: Period & { readonly courseId?: number | undefined },
  ): ResultAsync<readonly CourseFunnel[], ReadActivityError> {
    return this.#answer(inputs().ofCourse, options, (input) => courseFunnel(input, input.courseId))
  }

  /** Revenue per day of each course, or of one, by day and course: exact, in minor units. */
  revenue(
    options: Period & CalendarOptions & { readonly courseId?: number | undefined },
  ): ResultAsync<readonly CourseRevenue[], ReadActivityError> {
    return this.#answer(inputs().revenue, options, (input) => revenuePerDay(input, input.courseId))
  }

  /** The most frequent queries, most frequent first; 20 unless `limit` is given. */
  topQueries(
    options: Period & { readonly limit?: number | undefined },
  ): ResultAsync<readonly QueryCount[], ReadActivityError> {
    return this.#answer(inputs().ranked, options, (input) => queriesByCount(input, input.limit))
  }

  /**
   * The most frequent queries without a result, most frequent first; 20 unless `limit` is given.
   */
  queriesWithoutResults(
    options: Period & { readonly limit?: number | undefined },
  ): ResultAsync<readonly QueryCount[], ReadActivityError> {
    return this.#answer(inputs().ranked, options, (input) => queriesByCount(input, input.limit, 0))
  }

  /** Clicks per position of a result, by position; positions without a click are left out. */
  clickThrough(options: Period): ResultAsync<readonly PositionClicks[], ReadActivityError> {
    return this.#answer(inputs().period, options, clicksByPosition)
  }

  /** The median duration of a search; the mean of the two in the middle for an even number. */
  searchTime(options: Period): ResultAsync<SearchTime, ReadActivityError> {
    return this.#answer<z.output<ReturnType<typeof period>>, SearchTime>(
      inputs().period,
      options,
      medianSearchTime,
    ).map(([time = { searches: 0, medianMs: null }]) => time)
  }

  #answer<Input, Row>(
    schema: Schema<Input>,
    options: Period,
    aggregationOf: (input: Input) => Aggregation,
  ): ResultAsync<readonly Row[], InvalidInput | StoreError> {
    const { call, asked } = splitOptions(options, 'signal')
    return validate(schema, asked).asyncAndThen((input) => {
      if (this.#log === undefined) return errAsync(noMongodb)
      const { collection, pipeline } = aggregationOf(input)
      return this.#log.read(
        'activity-analytics',
        (database, signal) =>
          database
            .collection(collection)
            .aggregate<Row & Document>([...pipeline], {
              signal,
              maxTimeMS: deadlineMs,
              allowDiskUse: true,
            })
            .toArray(),
        { ...call, deadlineMs },
      )
    })
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const noMongodb: StoreUnavailable = {
  type: 'store-unavailable',
  message: 'no MongoDB is configured',
  retryable: false,
  store: 'mongodb',
  operation: 'activity-analytics',
}
