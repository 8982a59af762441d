import { activeUsersPer, eventsPerDay } from '../../../src/activity/analytics/activity-pipelines.ts'
import type { Aggregation } from '../../../src/activity/analytics/aggregation.ts'
import { clicksByPosition } from '../../../src/activity/analytics/click-pipeline.ts'
import { courseFunnel, revenuePerDay } from '../../../src/activity/analytics/course-pipelines.ts'
import { queriesByCount } from '../../../src/activity/analytics/query-pipeline.ts'
import { medianSearchTime } from '../../../src/activity/analytics/search-time-pipeline.ts'

const period = {
  from: new Date('2026-03-01'),
  to: new Date('2026-04-01'),
  timeZone: 'Europe/Berlin',
}

/** Every aggregation, by its figure. */
export const aggregations: readonly (readonly [name: string, aggregation: Aggregation])[] = [
  ['active users per day', activeUsersPer('day', period)],
  ['active users per week', activeUsersPer('week', period)],
  ['events per type and day', eventsPerDay(period)],
  ['events of one type', eventsPerDay(period, 'page.viewed')],
  ['the funnel of every course', courseFunnel(period)],
  ['the funnel of one course', courseFunnel(period, 5)],
  ['revenue per course and day', revenuePerDay(period)],
  ['revenue of one course', revenuePerDay(period, 5)],
  ['the top queries', queriesByCount(period, 20)],
  ['the queries without results', queriesByCount(period, 20, 0)],
  ['click-through by position', clicksByPosition(period)],
  ['the median search time', medianSearchTime(period)],
]
