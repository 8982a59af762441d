import { errAsync, rowId, storableText, validate } from '@headwater/core'
import type {
  CallOptions,
  InvalidInput,
  ResultAsync,
  StoreError,
  StoreUnavailable,
} from '@headwater/core'
import type { Document } from 'mongodb'
import { z } from 'zod'
import type {
  ActiveUsers,
  CourseFunnel,
  CourseRevenue,
  EventCount,
  Period,
  PositionClicks,
  QueryCount,
  SearchTime,
} from './activity-figures.ts'
import { moment } from './activity-input.ts'
import type { ReadActivityError } from './activity.ts'
import {
  activeUsersPer,
  clicksByPosition,
  courseFunnel,
  eventsPerDay,
  medianSearchTime,
  queriesByCount,
  revenuePerDay,
} from './analytics-pipelines.ts'
import type { Aggregation } from './analytics-pipelines.ts'
import type { EventLog } from './event-log.ts'

const deadlineMs = 30_000

const period = z.strictObject({ from: moment, to: moment })
const ranked = period.extend({ limit: z.int().min(1).max(1_000).default(20) })
const inputs = {
  activeUsers: period.extend({ per: z.enum(['day', 'week']).default('day') }),
  eventsPerDay: period.extend({ type: storableText(100).optional() }),
  ofCourse: period.extend({ courseId: rowId.optional() }),
  ranked,
  period,
}

/**
 * Figures over the activity log. Each is one aggregation of MongoDB, one round trip, over the part
 * of an index that the time asked for covers; it has 30 seconds. Days and weeks are those of UTC;
 * `from` is included, `to` is not. What happened within the last half second may be missing, and
 * while MongoDB is down what waits elsewhere.
 */
export class ActivityAnalytics {
  readonly #log: EventLog | undefined

  /** @internal */
  constructor(log: EventLog | undefined) {
    this.#log = log
  }

  /**
   * How many signed-in users were active each day (or week, `per`), in order; a day without any is
   * left out.
   */
  activeUsers(
    options: Period & { readonly per?: 'day' | 'week' | undefined },
  ): ResultAsync<readonly ActiveUsers[], ReadActivityError> {
    return this.#answer(inputs.activeUsers, options, (input) => activeUsersPer(input.per, input))
  }

  /** How often each type of event (or one, `type`) happened each day, by day and type. */
  eventsPerDay(
    options: Period & { readonly type?: string | undefined },
  ): ResultAsync<readonly EventCount[], ReadActivityError> {
    return this.#answer(inputs.eventsPerDay, options, (input) => eventsPerDay(input, input.type))
  }

  /**
   * How many users viewed each course (or one, `courseId`), took a place in it and completed it, by
   * course.
   */
  courseFunnel(
    options: Period & { readonly courseId?: number | undefined },
  ): ResultAsync<readonly CourseFunnel[], ReadActivityError> {
    return this.#answer(inputs.ofCourse, options, (input) => courseFunnel(input, input.courseId))
  }

  /**
   * What each course (or one, `courseId`) earned each day, by day and course: in minor units,
   * exactly.
   */
  revenue(
    options: Period & { readonly courseId?: number | undefined },
  ): ResultAsync<readonly CourseRevenue[], ReadActivityError> {
    return this.#answer(inputs.ofCourse, options, (input) => revenuePerDay(input, input.courseId))
  }

  /** What was searched for most, the most frequent first; 20 unless `limit` says otherwise. */
  topQueries(
    options: Period & { readonly limit?: number | undefined },
  ): ResultAsync<readonly QueryCount[], ReadActivityError> {
    return this.#answer(inputs.ranked, options, (input) => queriesByCount(input, input.limit))
  }

  /**
   * What was searched for without a result, the most frequent first; 20 unless `limit` says
   * otherwise.
   */
  queriesWithoutResults(
    options: Period & { readonly limit?: number | undefined },
  ): ResultAsync<readonly QueryCount[], ReadActivityError> {
    return this.#answer(inputs.ranked, options, (input) => queriesByCount(input, input.limit, 0))
  }

  /**
   * How often the result at each place was clicked, of the searches that had one there, by place;
   * places without a click are left out.
   */
  clickThrough(options: Period): ResultAsync<readonly PositionClicks[], ReadActivityError> {
    return this.#answer(inputs.period, options, clicksByPosition)
  }

  /** How long a search took at the median: between two in the middle, halfway. */
  searchTime(options: Period): ResultAsync<SearchTime, ReadActivityError> {
    return this.#answer<typeof inputs.period, SearchTime>(
      inputs.period,
      options,
      medianSearchTime,
    ).map(([time = { searches: 0, medianMs: null }]) => time)
  }

  #answer<Schema extends z.ZodType, Row>(
    schema: Schema,
    options: unknown,
    aggregationOf: (input: z.output<Schema>) => Aggregation,
  ): ResultAsync<readonly Row[], InvalidInput | StoreError> {
    return validate(schema, options).asyncAndThen((input) => {
      if (this.#log === undefined) return errAsync(noMongodb)
      const { collection, pipeline } = aggregationOf(input)
      const call: CallOptions = { deadlineMs }
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
        call,
      )
    })
  }
}

const noMongodb: StoreUnavailable = {
  type: 'store-unavailable',
  message: 'no MongoDB is configured',
  retryable: false,
  store: 'mongodb',
  operation: 'activity-analytics',
}
