import { err, missingTableAs, notFound, ok, okAsync } from '@headwater/core'
import type { NotFound, Result, ResultAsync, SqlError, Stores } from '@headwater/core'
import { countStatuses, recordStatuses, selectFailed, selectStatus } from './status-queries.ts'
import type { FailedRow, StatusRow } from './status-queries.ts'

/**
 * The state of a course in the index. `pending`: the index has not acknowledged the course's
 * version yet. `synced`: it has; an unpublished course is known to have no record. `failed`: the
 * course cannot be indexed as it is.
 */
export interface CourseStatus {
  /** The course. */
  readonly courseId: number
  /** The state. */
  readonly state: 'pending' | 'synced' | 'failed'
  /** The course's version in PostgreSQL. */
  readonly version: number
  /** The last version that the index acknowledged or refused; absent when there is none. */
  readonly indexedVersion?: number
  /** The reason of a failure. */
  readonly reason?: string
  /** When the index last acknowledged or refused another version. */
  readonly changedAt?: Date
}

/** The number of courses in each state of {@link CourseStatus}. */
export interface StatusSummary {
  /** Courses whose version the index has not acknowledged yet. */
  readonly pending: number
  /** Courses whose version the index has acknowledged. */
  readonly synced: number
  /** Courses that cannot be indexed as they are. */
  readonly failed: number
  /** The first failed courses, by id. */
  readonly failures: readonly CourseStatus[]
}

/** Options of `summary`. */
export interface SummaryOptions {
  /**
   * The most failures to list, 0 to 1,000; all are counted.
   *
   * @defaultValue `100`
   */
  readonly maxListed?: number
  /**
   * The last course id of the previous list.
   *
   * @defaultValue `0`
   */
  readonly after?: number
}

/** The defaults of {@link SummaryOptions}. */
export const summaryDefaults = { maxListed: 100, after: 0 } as const satisfies SummaryOptions

/**
 * The outcome of one course: the version that the index acknowledged, or the reason of its refusal.
 * Without a version the course does not exist.
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
   * Records the outcomes of courses and returns the courses whose record has changed. 1 PostgreSQL
   * round trip; unchanged records are not written. Without the tables of this package nothing is
   * recorded.
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
   * The number of courses in each state, and the failed ones: 2 PostgreSQL round trips; the first
   * reads every course.
   */
  summary({ maxListed, after }: Required<SummaryOptions>): ResultAsync<StatusSummary, SqlError> {
    const { postgres } = this.#stores
    return postgres
      .query<Omit<StatusSummary, 'failures'>>(countStatuses, [this.#generation])
      .andThen(({ rows: [counts] }) =>
        postgres
          .query<FailedRow>(selectFailed, [this.#generation, after, maxListed])
          .map(({ rows }): StatusSummary => ({
            ...noStatuses,
            ...counts,
            failures: rows.map((row) => statusFrom(row.id, row)),
          })),
      )
  }
}

const noStatuses: StatusSummary = { pending: 0, synced: 0, failed: 0, failures: [] }

function statusOf(courseId: number, row: StatusRow | undefined): Result<CourseStatus, NotFound> {
  return row === undefined ? err(notFound('course', courseId)) : ok(statusFrom(courseId, row))
}

function statusFrom(courseId: number, row: StatusRow): CourseStatus {
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
