/** Of which time to tell. */
export interface Period {
  /** Not before. */
  readonly from: Date
  /** Before. */
  readonly to: Date
}

/** How many signed-in users were active. */
export interface ActiveUsers {
  /** When the day or the week begins, in UTC; weeks begin on Monday. */
  readonly since: Date
  /** Users who did anything, each once. */
  readonly users: number
}

/** How often a type of event happened on a day. */
export interface EventCount {
  /** The type. */
  readonly type: string
  /** When the day begins, in UTC. */
  readonly day: Date
  /** How often. */
  readonly count: number
}

/** How far the users of a course came in a time, each user counted once per step. */
export interface CourseFunnel {
  /** The course. */
  readonly courseId: number
  /** Signed-in users who viewed it. */
  readonly viewed: number
  /** Users who took a place, by enrolling or by a transfer. */
  readonly enrolled: number
  /** Users who completed it. */
  readonly completed: number
  /** Those of `viewed` who are among `enrolled`. */
  readonly viewedAndEnrolled: number
  /** Those of `enrolled` who are among `completed`. */
  readonly enrolledAndCompleted: number
}

/** What a course earned on a day. */
export interface CourseRevenue {
  /** The course. */
  readonly courseId: number
  /** When the day begins, in UTC. */
  readonly day: Date
  /** What was paid, in minor units: a whole number, exact up to 2^53. */
  readonly minorUnits: number
  /** How many places that were paid for. */
  readonly enrollments: number
}

/** How often something was searched for. */
export interface QueryCount {
  /** The query, as it was typed. */
  readonly query: string
  /** How often. */
  readonly searches: number
  /** When last. */
  readonly lastAt: Date
}

/** How often the results at one place were clicked. */
export interface PositionClicks {
  /** The place, from 1. */
  readonly position: number
  /** Searches whose last click was there. */
  readonly clicks: number
  /** Searches that showed a result there. */
  readonly shown: number
  /** `clicks / shown`; `null` when none did. */
  readonly rate: number | null
}

/** How long searches took. */
export interface SearchTime {
  /** How many there were. */
  readonly searches: number
  /** What half of them did not exceed, in milliseconds, to a tenth; `null` when there were none. */
  readonly medianMs: number | null
}
