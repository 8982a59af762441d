import { err, missingTableAs, notFound, ok, okAsync } from '@headwater/core'
import type { NotFound, Result, ResultAsync, SqlError, Stores } from '@headwater/core'
import { countStatuses, recordStatuses, selectFailed, selectStatus } from './status-queries.ts'
import type { FailedRow, StatusRow } from './status-queries.ts'

/**
 * Whether the index knows a course as PostgreSQL does: `pending` as long as the index has not
 * acknowledged the course's version, `synced` when it has (for a course that is not published: that
 * it holds nothing of it), `failed` when the course cannot be indexed as it is.
 */
export interface CourseStatus {
  /** The course. */
  readonly courseId: number
  /** How far the index is. */
  readonly state: 'pending' | 'synced' | 'failed'
  /** The course's version in PostgreSQL. */
  readonly version: number
  /** The version that the index has acknowledged or refused last; absent when there is none. */
  readonly indexedVersion?: number
  /** Why it failed. */
  readonly reason?: string
  /** When the index last acknowledged or refused another version. */
  readonly changedAt?: Date
}

/**
 * How far the index is with all courses: how many are in which state, as {@link CourseStatus} has
 * it.
 */
export interface StatusSummary {
  /** Courses of which the index has not acknowledged the version yet. */
  readonly pending: number
  /** Courses that the index knows as PostgreSQL does. */
  readonly synced: number
  /** Courses that cannot be indexed as they are. */
  readonly failed: number
  /** The first of those that failed, by id. */
  readonly failures: readonly CourseStatus[]
}

/** Options of `summary`. */
export interface SummaryOptions {
  /**
   * How many failures are listed, 0 to 1,000; all are counted.
   *
   * @defaultValue `100`
   */
  readonly maxListed?: number
  /**
   * The id that the listed failures come after: the last one of the list before.
   *
   * @defaultValue `0`
   */
  readonly after?: number
}

/** The defaults of {@link SummaryOptions}. */
export const summaryDefaults = { maxListed: 100, after: 0 } as const satisfies SummaryOptions

/**
 * What became of one course: the version that the index acknowledged, or why it is refused;
 * `undefined` as version: there is no such course.
 */
export interface StatusEntry {
  readonly courseId: number
  readonly version: number | undefined
  readonly reason?: string
}

/** The status of each course in one generation of the index. */
export class CourseStatuses {
  readonly #stores: Stores
  readonly #generation: string

  constructor(stores: Stores, generation: string) {
    this.#stores = stores
    this.#generation = generation
  }

  /**
   * Takes note of what the index has acknowledged: 1 PostgreSQL round trip, and no write where
   * nothing has changed. Without the tables of this package nothing is noted. Returns the
   * courses of which something else was noted before, or nothing.
   */
  record(entries: readonly StatusEntry[]): ResultAsync<readonly number[], SqlError> {
    if (entries.length === 0) return okAsync([])
    const columns = [
      entries.map(({ courseId }) => courseId),
      entries.map(({ version }) => version ?? null),
      entries.map(({ reason }) => reason ?? null),
    ]
    return this.#stores.postgres
      .query<{ course_id: number }>(recordStatuses, [this.#generation, ...columns])
      .map(({ rows }): readonly number[] => rows.map(({ course_id: courseId }) => courseId))
      .orElse(missingTableAs<readonly number[]>([]))
  }

  /** The status of one course: 1 PostgreSQL round trip. */
  get(courseId: number): ResultAsync<CourseStatus, NotFound | SqlError> {
    return this.#stores.postgres
      .query<StatusRow>(selectStatus, [this.#generation, courseId])
      .andThen(({ rows: [row] }) => statusOf(courseId, row))
  }

  /**
   * How many courses are in which state, and which have failed: 2 PostgreSQL round trips; the first
   * one looks at every course.
   */
  summary({ maxListed, after }: Required<SummaryOptions>): ResultAsync<StatusSummary, SqlError> {
    const { postgres } = this.#stores
    return postgres
      .query<Omit<StatusSummary, 'failures'>>(countStatuses, [this.#generation])
      .andThen(({ rows: [counts] }) =>
        postgres
          .query<FailedRow>(selectFailed, [this.#generation, after, maxListed])
          .map(({ rows }): StatusSummary => ({
            ...nothingNoted,
            ...counts,
            failures: rows.map((row) => noted(row.id, row)),
          })),
      )
  }
}

const nothingNoted: StatusSummary = { pending: 0, synced: 0, failed: 0, failures: [] }

function statusOf(courseId: number, row: StatusRow | undefined): Result<CourseStatus, NotFound> {
  return row === undefined ? err(notFound('course', courseId)) : ok(noted(courseId, row))
}

function noted(courseId: number, row: StatusRow): CourseStatus {
  const version = Number(row.version)
  if (row.state === null || row.indexed_version === null || row.changed_at === null)
    return { courseId, version, state: 'pending' }
  const indexedVersion = Number(row.indexed_version)
  const state = indexedVersion < version ? 'pending' : row.state
  const reason = state === 'failed' && row.reason !== null ? { reason: row.reason } : {}
  return {
    courseId,
    version,
    state,
    indexedVersion,
    changedAt: new Date(row.changed_at),
    ...reason,
  }
}
