import type { Abortable } from '@headwater/core'

/** The zone in which days and weeks begin. */
export interface CalendarOptions {
  /**
   * An IANA name such as `Europe/Berlin`, or an offset such as `+02:00`.
   *
   * @defaultValue `'UTC'`
   */
  readonly timeZone?: string | undefined
}

/** A period of time to look at, until the caller aborts. */
export interface Period extends Abortable {
  /** Its first moment. */
  readonly from: Date
  /** The moment after its last. */
  readonly to: Date
}

/** The number of active signed-in users in a day or a week. */
export interface ActiveUsers {
  /** Start of the day or the week in the time zone; weeks begin on Monday. */
  readonly since: Date
  /** Users with any activity, each counted once. */
  readonly users: number
}

/** The number of events of one type on one day. */
export interface EventCount {
  /** The type. */
  readonly type: string
  /** Start of the day in the time zone. */
  readonly day: Date
  /** The number of events. */
  readonly count: number
}

/** The steps that users took in a course within a period; a user counts once per step. */
export interface CourseFunnel {
  /** The course. */
  readonly courseId: number
  /** Signed-in users who viewed it. */
  readonly viewed: number
  /** Users who took a seat, by enrolling or by a transfer. */
  readonly enrolled: number
  /** Users who completed it. */
  readonly completed: number
  /** Users who are among both `viewed` and `enrolled`. */
  readonly viewedAndEnrolled: number
  /** Users who are among both `enrolled` and `completed`. */
  readonly enrolledAndCompleted: number
}

/** The revenue of a course on a day. */
export interface CourseRevenue {
  /** The course. */
  readonly courseId: number
  /** Start of the day in the time zone. */
  readonly day: Date
  /** The sum paid less the sum refunded, in minor units: a whole number, exact up to 2^53. */
  readonly minorUnits: number
  /** The number of enrollments that were paid for. */
  readonly enrollments: number
}

/** The number of searches for a query. */
export interface QueryCount {
  /** The query, as it was logged. */
  readonly query: string
  /** The number of searches. */
  readonly searches: number
  /** The last one. */
  readonly lastAt: Date
}

/** The clicks on the results at one position. */
export interface PositionClicks {
  /** The position, from 1. */
  readonly position: number
  /** Searches with a click at this position. */
  readonly clicks: number
  /** Searches that showed a result at this position, on any of their pages. */
  readonly shown: number
  /** `clicks / shown`; `null` when `shown` is 0. */
  readonly rate: number | null
}

/** The duration of searches. */
export interface SearchTime {
  /** The number of searches. */
  readonly searches: number
  /** Their median, in milliseconds to a tenth; `null` when there were none. */
  readonly medianMs: number | null
}
