import { type Aggregation, type CalendarPeriod, startOf, within } from './aggregation.ts'

/** Users per day or week. Index: `timestamp`. */
export function activeUsersPer(unit: 'day' | 'week', period: CalendarPeriod): Aggregation {
  const since = startOf(unit, period.timeZone)
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
export function eventsPerDay(period: CalendarPeriod, type?: string): Aggregation {
  const day = startOf('day', period.timeZone)
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
