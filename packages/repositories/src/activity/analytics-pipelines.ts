import type { Document } from 'mongodb'
import type { Period } from './activity-figures.ts'
import type { collectionIndexes } from './collections.ts'

/** An aggregation: its first stage is what an index of the collection bounds. */
export interface Aggregation {
  /** Where it begins. */
  readonly collection: keyof typeof collectionIndexes
  /** Its stages. */
  readonly pipeline: readonly Document[]
}

/** Users per day or week. Index: `timestamp`. */
export function activeUsersPer(unit: 'day' | 'week', period: Period): Aggregation {
  const since = {
    $dateTrunc: { date: '$timestamp', unit, ...(unit === 'week' && { startOfWeek: 'monday' }) },
  }
  return {
    collection: 'user_activity',
    pipeline: [
      { $match: { timestamp: within(period), user_id: { $ne: null } } },
      { $group: { _id: { since, user: '$user_id' } } },
      { $group: { _id: '$_id.since', users: { $sum: 1 } } },
      { $sort: { _id: 1 } },
      { $project: { _id: 0, since: '$_id', users: 1 } },
    ],
  }
}

/** Events per type and day. Index: `timestamp`, or `event_type, timestamp` for one type. */
export function eventsPerDay(period: Period, type?: string): Aggregation {
  return {
    collection: 'user_activity',
    pipeline: [
      { $match: { ...(type !== undefined && { event_type: type }), timestamp: within(period) } },
      { $group: { _id: { type: '$event_type', day }, count: { $sum: 1 } } },
      { $sort: { '_id.day': 1, '_id.type': 1 } },
      { $project: { _id: 0, type: '$_id.type', day: '$_id.day', count: 1 } },
    ],
  }
}

/**
 * Users per course and step. Index: `event_type, timestamp` of both collections, or `course_id,
 * timestamp` for one course.
 */
export function courseFunnel(period: Period, courseId?: number): Aggregation {
  const viewed = {
    event_type: 'course.viewed',
    timestamp: within(period),
    ...(courseId !== undefined && { 'event_data.courseId': courseId }),
  }
  const steps = ['enrollment.created', 'enrollment.transferred', 'enrollment.completed']
  const enrolled = {
    ...(courseId !== undefined && { course_id: courseId }),
    event_type: { $in: steps },
    timestamp: within(period),
  }
  const isCompleted = { $eq: ['$event_type', 'enrollment.completed'] }
  return {
    collection: 'user_activity',
    pipeline: [
      { $match: { ...viewed, user_id: { $ne: null } } },
      {
        $project: {
          _id: 0,
          user: '$user_id',
          course: '$event_data.courseId',
          viewed: one,
          enrolled: zero,
          completed: zero,
        },
      },
      {
        $unionWith: {
          coll: 'enrollment_events',
          pipeline: [
            { $match: enrolled },
            {
              $project: {
                _id: 0,
                user: '$user_id',
                course: '$course_id',
                viewed: zero,
                enrolled: { $cond: [isCompleted, 0, 1] },
                completed: { $cond: [isCompleted, 1, 0] },
              },
            },
          ],
        },
      },
      {
        $group: {
          _id: { course: '$course', user: '$user' },
          viewed: { $max: '$viewed' },
          enrolled: { $max: '$enrolled' },
          completed: { $max: '$completed' },
        },
      },
      {
        $group: {
          _id: '$_id.course',
          viewed: { $sum: '$viewed' },
          enrolled: { $sum: '$enrolled' },
          completed: { $sum: '$completed' },
          viewedAndEnrolled: { $sum: { $multiply: ['$viewed', '$enrolled'] } },
          enrolledAndCompleted: { $sum: { $multiply: ['$enrolled', '$completed'] } },
        },
      },
      { $sort: { _id: 1 } },
      {
        $project: {
          _id: 0,
          courseId: '$_id',
          viewed: 1,
          enrolled: 1,
          completed: 1,
          viewedAndEnrolled: 1,
          enrolledAndCompleted: 1,
        },
      },
    ],
  }
}

/**
 * Sums per course and day, of whole numbers. Index: `event_type, timestamp`, or `course_id,
 * timestamp` for one course.
 */
export function revenuePerDay(period: Period, courseId?: number): Aggregation {
  return {
    collection: 'enrollment_events',
    pipeline: [
      {
        $match: {
          ...(courseId !== undefined && { course_id: courseId }),
          event_type: 'enrollment.created',
          timestamp: within(period),
        },
      },
      {
        $group: {
          _id: { course: '$course_id', day },
          minorUnits: { $sum: '$event_data.price_paid' },
          enrollments: { $sum: 1 },
        },
      },
      { $sort: { '_id.day': 1, '_id.course': 1 } },
      {
        $project: {
          _id: 0,
          courseId: '$_id.course',
          day: '$_id.day',
          minorUnits: 1,
          enrollments: 1,
        },
      },
    ],
  }
}

/**
 * Queries by how often they were asked; those that found nothing only, when `resultsCount` is 0.
 * Index: `timestamp`.
 */
export function queriesByCount(period: Period, limit: number, resultsCount?: 0): Aggregation {
  return {
    collection: 'search_logs',
    pipeline: [
      // A click whose search has not been written yet has no query.
      {
        $match: {
          timestamp: within(period),
          query: { $exists: true },
          ...(resultsCount !== undefined && { results_count: resultsCount }),
        },
      },
      { $group: { _id: '$query', searches: { $sum: 1 }, lastAt: { $max: '$timestamp' } } },
      { $sort: { searches: -1, _id: 1 } },
      { $limit: limit },
      { $project: { _id: 0, query: '$_id', searches: 1, lastAt: 1 } },
    ],
  }
}

/**
 * Clicks per position: searches are counted by how many results they showed and where the click
 * was, and those few counts compared with each other. Index: `timestamp`.
 */
export function clicksByPosition(period: Period): Aggregation {
  const shown = {
    $filter: { input: '$counts', as: 'other', cond: { $gte: ['$$other.results', '$$at'] } },
  }
  const clicked = {
    $filter: { input: '$counts', as: 'other', cond: { $eq: ['$$other.position', '$$at'] } },
  }
  const figures = {
    position: '$$at',
    clicks: { $sum: sumOf(clicked) },
    shown: { $sum: sumOf(shown) },
  }
  return {
    collection: 'search_logs',
    pipeline: [
      { $match: { timestamp: within(period), results_count: { $gt: 0 } } },
      {
        $group: {
          _id: { results: '$results_count', position: { $ifNull: ['$click_position', 0] } },
          searches: { $sum: 1 },
        },
      },
      {
        $group: {
          _id: null,
          counts: {
            $push: { results: '$_id.results', position: '$_id.position', searches: '$searches' },
          },
          positions: { $addToSet: '$_id.position' },
        },
      },
      { $project: { _id: 0, figures: { $map: { input: '$positions', as: 'at', in: figures } } } },
      { $unwind: '$figures' },
      {
        $project: {
          position: '$figures.position',
          clicks: '$figures.clicks',
          shown: '$figures.shown',
        },
      },
      { $match: { position: { $gt: 0 } } },
      { $sort: { position: 1 } },
      {
        $project: {
          position: 1,
          clicks: 1,
          shown: 1,
          rate: { $cond: [{ $gt: ['$shown', 0] }, { $divide: ['$clicks', '$shown'] }, null] },
        },
      },
    ],
  }
}

/**
 * The median without $median, which MongoDB has from 7 on: durations are counted by tenths of a
 * millisecond, and the counts summed up to the middle. Index: `timestamp`.
 */
export function medianSearchTime(period: Period): Aggregation {
  const upTo = { $add: ['$$value.seen', '$$this.searches'] }
  const reached = (median: string, rank: Document) => ({
    $cond: [
      { $and: [{ $eq: [`$$value.${median}`, null] }, { $gte: [upTo, rank] }] },
      '$$this.ms',
      `$$value.${median}`,
    ],
  })
  const walked = {
    seen: upTo,
    lower: reached('lower', { $ceil: { $divide: ['$searches', 2] } }),
    upper: reached('upper', { $add: [{ $floor: { $divide: ['$searches', 2] } }, 1] }),
  }
  return {
    collection: 'search_logs',
    pipeline: [
      { $match: { timestamp: within(period), search_duration_ms: { $exists: true } } },
      { $group: { _id: { $round: ['$search_duration_ms', 1] }, searches: { $sum: 1 } } },
      { $sort: { _id: 1 } },
      {
        $group: {
          _id: null,
          searches: { $sum: '$searches' },
          counts: { $push: { ms: '$_id', searches: '$searches' } },
        },
      },
      {
        $project: {
          _id: 0,
          searches: 1,
          middle: {
            $reduce: {
              input: '$counts',
              initialValue: { seen: 0, lower: null, upper: null },
              in: walked,
            },
          },
        },
      },
      {
        $project: {
          searches: 1,
          medianMs: { $divide: [{ $add: ['$middle.lower', '$middle.upper'] }, 2] },
        },
      },
    ],
  }
}

const day = { $dateTrunc: { date: '$timestamp', unit: 'day' } }
const one = { $literal: 1 }
const zero = { $literal: 0 }

function within({ from, to }: Period): Document {
  return { $gte: from, $lt: to }
}

function sumOf(counts: Document): Document {
  return { $map: { input: counts, as: 'count', in: '$$count.searches' } }
}
