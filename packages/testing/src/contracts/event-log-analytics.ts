import { describe, expect, it } from 'vitest'
import { at, type EventLogBench } from './event-log-bench.ts'
import { activity, searches } from './event-log-fixture.ts'

const day = { $dateTrunc: { date: '$timestamp', unit: 'day' } }
const week = { $dateTrunc: { date: '$timestamp', unit: 'week', startOfWeek: 'monday' } }

/** Tests of the aggregations behind the analytics. */
export function analyticsTests(bench: () => EventLogBench): void {
  describe('analytics', () => {
    it('An event log counts the active users of each day', async () => {
      const rows = await bench().aggregate(activity, [
        { $group: { _id: { day, user: '$user_id' } } },
        { $group: { _id: '$_id.day', users: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ])
      expect(rows).toEqual([
        { _id: at('01T00:00'), users: 1 },
        { _id: at('02T00:00'), users: 2 },
        { _id: at('09T00:00'), users: 1 },
      ])
    })

    it('An event log counts the active users of each week from Monday to Sunday', async () => {
      const rows = await bench().aggregate(activity, [
        { $group: { _id: week, users: { $addToSet: '$user_id' } } },
        { $project: { users: { $size: '$users' } } },
        { $sort: { _id: 1 } },
      ])
      expect(rows).toEqual([
        { _id: new Date('2026-02-23T00:00:00.000Z'), users: 1 },
        { _id: at('02T00:00'), users: 2 },
        { _id: at('09T00:00'), users: 1 },
      ])
    })

    it('An event log counts days by the clock of a time zone', async () => {
      const rows = await bench().aggregate(activity, [
        {
          $group: {
            _id: {
              $dateToString: { date: '$timestamp', format: '%Y-%m-%d', timezone: 'Europe/Berlin' },
            },
            n: { $sum: 1 },
          },
        },
        { $sort: { _id: 1 } },
      ])
      expect(rows).toEqual([
        { _id: '2026-03-02', n: 4 },
        { _id: '2026-03-09', n: 1 },
      ])
    })

    it('An event log counts the events of each type and day', async () => {
      const rows = await bench().aggregate(activity, [
        { $match: { timestamp: { $gte: at('01T00:00'), $lt: at('03T00:00') } } },
        { $group: { _id: { type: '$event_type', day }, n: { $sum: 1 } } },
        { $sort: { '_id.type': 1, '_id.day': 1 } },
      ])
      expect(rows).toEqual([
        { _id: { type: 'course.viewed', day: at('01T00:00') }, n: 1 },
        { _id: { type: 'course.viewed', day: at('02T00:00') }, n: 2 },
        { _id: { type: 'login', day: at('02T00:00') }, n: 1 },
      ])
    })

    it('An event log follows a course from viewed over enrolled to completed, each user once per step', async () => {
      const enrollments = bench().collection()
      await enrollments.insertMany([
        { user_id: 1, course_id: 7, event_type: 'enrollment.created', timestamp: at('03T00:00') },
        { user_id: 1, course_id: 7, event_type: 'enrollment.completed', timestamp: at('04T00:00') },
        { user_id: 3, course_id: 8, event_type: 'enrollment.created', timestamp: at('09T13:00') },
      ])
      const step = {
        $cond: [{ $eq: ['$event_type', 'enrollment.completed'] }, 'completed', 'enrolled'],
      }
      const reached = (name: string) => ({ $sum: { $cond: [{ $eq: ['$_id.step', name] }, 1, 0] } })
      const rows = await bench().aggregate(activity, [
        { $match: { event_type: 'course.viewed' } },
        { $project: { user: '$user_id', course: '$event_data.course_id', step: 'viewed' } },
        {
          $unionWith: {
            coll: enrollments.collectionName,
            pipeline: [{ $project: { user: '$user_id', course: '$course_id', step } }],
          },
        },
        { $group: { _id: { course: '$course', step: '$step', user: '$user' } } },
        {
          $group: {
            _id: '$_id.course',
            viewed: reached('viewed'),
            enrolled: reached('enrolled'),
            completed: reached('completed'),
          },
        },
        { $sort: { _id: 1 } },
      ])
      expect(rows).toEqual([
        { _id: 7, viewed: 2, enrolled: 1, completed: 1 },
        { _id: 8, viewed: 1, enrolled: 1, completed: 0 },
      ])
    })

    it('An event log sums the revenue of each course and day in minor units, exactly and beyond 32 bits', async () => {
      const { Long } = bench().mongodb
      const paid = (course: number, when: string, cents: unknown) => ({
        course_id: course,
        timestamp: at(when),
        event_data: { price_paid: cents },
      })
      const rows = await bench().aggregate(
        [
          paid(7, '01T01:00', 1990),
          paid(7, '01T22:00', 10),
          paid(7, '02T01:00', 2_000_000_000),
          paid(7, '02T02:00', 2_000_000_000),
          paid(8, '01T01:00', Long.fromString('9007199254740992')),
          paid(8, '01T02:00', 1),
        ],
        [
          {
            $group: {
              _id: { course: '$course_id', day },
              cents: { $sum: '$event_data.price_paid' },
            },
          },
          { $sort: { '_id.course': 1, '_id.day': 1 } },
          { $project: { _id: 0, cents: { $toString: '$cents' } } },
        ],
      )
      expect(rows.map(({ cents }) => cents as string)).toEqual([
        '2000',
        '4000000000',
        '9007199254740993',
      ])
    })

    it('An event log ranks the queries, the most frequent first', async () => {
      const rows = await bench().aggregate(searches, [
        { $group: { _id: '$query', n: { $sum: 1 }, results: { $avg: '$results_count' } } },
        { $sort: { n: -1, _id: 1 } },
        { $limit: 2 },
      ])
      expect(rows).toEqual([
        { _id: 'sql', n: 3, results: 4 },
        { _id: 'cobol', n: 1, results: 0 },
      ])
    })

    it('An event log lists the queries without results', async () => {
      const rows = await bench().aggregate(searches, [
        { $match: { results_count: 0 } },
        { $group: { _id: '$query', n: { $sum: 1 }, last: { $max: '$timestamp' } } },
      ])
      expect(rows).toEqual([{ _id: 'cobol', n: 1, last: at('02T11:00') }])
    })

    it('An event log computes the click-through by position', async () => {
      const rows = await bench().aggregate(searches, [
        { $match: { results_count: { $gt: 0 } } },
        { $group: { _id: null, searches: { $sum: 1 }, positions: { $push: '$click_position' } } },
        { $unwind: '$positions' },
        { $match: { positions: { $ne: null } } },
        { $group: { _id: '$positions', clicks: { $sum: 1 }, searches: { $first: '$searches' } } },
        { $project: { clicks: 1, rate: { $divide: ['$clicks', '$searches'] } } },
        { $sort: { _id: 1 } },
      ])
      expect(rows).toEqual([
        { _id: 1, clicks: 2, rate: 0.5 },
        { _id: 3, clicks: 1, rate: 0.25 },
      ])
    })

    it('An event log finds the median search time, ordering durations as numbers', async () => {
      const rows = await bench().aggregate(searches, [
        { $sort: { search_duration_ms: 1 } },
        { $group: { _id: null, all: { $push: '$search_duration_ms' } } },
        {
          $project: {
            _id: 0,
            median: {
              $arrayElemAt: ['$all', { $toInt: { $floor: { $divide: [{ $size: '$all' }, 2] } } }],
            },
          },
        },
      ])
      expect(rows).toEqual([{ median: 20 }])
    })

    it('An event log answers several questions about the same events at once', async () => {
      const [row] = await bench().aggregate(searches, [
        {
          $facet: {
            total: [{ $count: 'n' }],
            top: [{ $sortByCount: '$query' }, { $limit: 1 }],
            slow: [{ $match: { search_duration_ms: { $gte: 100 } } }, { $count: 'n' }],
          },
        },
      ])
      expect(row).toEqual({ total: [{ n: 5 }], top: [{ _id: 'sql', count: 3 }], slow: [{ n: 2 }] })
    })

    it('An event log sorts durations into buckets', async () => {
      const rows = await bench().aggregate(searches, [
        {
          $bucket: {
            groupBy: '$search_duration_ms',
            boundaries: [0, 10, 100],
            default: 'slow',
            output: { n: { $sum: 1 } },
          },
        },
      ])
      expect(rows).toEqual([
        { _id: 0, n: 1 },
        { _id: 10, n: 2 },
        { _id: 'slow', n: 2 },
      ])
    })

    it('An event log joins events with another collection', async () => {
      const courses = bench().collection<{ _id: number; title: string }>()
      await courses.insertOne({ _id: 7, title: 'SQL' })
      const rows = await bench().aggregate(activity, [
        { $match: { user_id: { $gte: 2 }, event_type: 'course.viewed' } },
        {
          $lookup: {
            from: courses.collectionName,
            localField: 'event_data.course_id',
            foreignField: '_id',
            as: 'course',
          },
        },
        {
          $project: {
            _id: 0,
            user_id: 1,
            title: { $ifNull: [{ $arrayElemAt: ['$course.title', 0] }, 'unknown'] },
          },
        },
        { $sort: { user_id: 1 } },
      ])
      expect(rows).toEqual([
        { user_id: 2, title: 'SQL' },
        { user_id: 3, title: 'unknown' },
      ])
    })

    it('An event log returns more groups than fit one batch', async () => {
      const events = Array.from({ length: 1000 }, (_, n) => ({ user_id: n % 500 }))
      const rows = await bench().aggregate(events, [
        { $group: { _id: '$user_id', n: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ])
      expect(rows).toEqual(Array.from({ length: 500 }, (_, user) => ({ _id: user, n: 2 })))
    })
  })
}
