import { createSessions } from '@headwater/core'
import type { MongodbStore, Sessions, Sink, Stores } from '@headwater/core'
import { z } from 'zod'
import { ActivityBuffer } from './activity/activity-buffer.ts'
import { activityLogSink } from './activity/activity-log-sink.ts'
import { ActivityRepository } from './activity/activity-repository.ts'
import { ActivitySpill } from './activity/activity-spill.ts'
import type { ActivityTypes } from './activity/activity-types.ts'
import { activityBufferDefaults } from './activity/buffer-options.ts'
import type { ActivityBufferOptions } from './activity/buffer-options.ts'
import { EventLog } from './activity/event-log.ts'
import type { Redaction } from './activity/redaction.ts'
import { createContext } from './context.ts'
import { CourseRepository } from './courses/course-repository.ts'
import { popularitySink } from './courses/popularity-sink.ts'
import { Popularity } from './courses/popularity.ts'
import type { EnrollmentOptions } from './enrollments/enrollment-options.ts'
import { EnrollmentRepository } from './enrollments/enrollment-repository.ts'
import { Erasures } from './users/erasures.ts'
import { userErasureSink } from './users/user-erasure-sink.ts'
import { UserRepository } from './users/user-repository.ts'

/**
 * The repositories of an e-learning platform, and the sinks that keep MongoDB and Redis in step
 * with them.
 */
export interface Repositories {
  /** Registration and profiles. */
  readonly users: UserRepository
  /** The catalogue. */
  readonly courses: CourseRepository
  /** Who has a place in which course. */
  readonly enrollments: EnrollmentRepository
  /** What users did. */
  readonly activity: ActivityRepository
  /** To be handed to `createRelay`; without MongoDB the event log's is not among them. */
  readonly sinks: readonly Sink[]
}

/** Options of {@link createRepositories}. */
export interface RepositoriesOptions {
  /** How activity is recorded. */
  readonly activity?: ActivityOptions
  /** How enrollments that are asked for at the same time share transactions. */
  readonly enrollments?: EnrollmentOptions
  /**
   * The host's sessions, which end when a user is deleted or changes the password.
   *
   * @defaultValue those of `createSessions(stores)`
   */
  readonly sessions?: Sessions
}

/** How activity is recorded. */
export interface ActivityOptions extends ActivityBufferOptions {
  /**
   * How many entries may wait in PostgreSQL while MongoDB is down.
   *
   * @defaultValue `1_000_000`
   */
  readonly maxSpilled?: number
  /**
   * Time for one write to MongoDB, in milliseconds; a slower one counts as a failure.
   *
   * @defaultValue `2_000`
   */
  readonly writeDeadlineMs?: number
  /**
   * Days after which MongoDB removes what is recorded. A change of it takes effect with the first
   * write of a process that has it.
   *
   * @defaultValue never
   */
  readonly retentionDays?: number
  /**
   * Fields of activity that are removed, or replaced, before anything leaves the process, for
   * instance `metadata.ip_address` and `event_data.email`; in spilled and durable activity too.
   *
   * @defaultValue `[]`
   */
  readonly redact?: readonly (string | Redaction)[]
  /**
   * What the data of an activity must be, by type; beside the types that every application knows.
   *
   * @defaultValue `{}`
   */
  readonly types?: ActivityTypes
}

/** The defaults of {@link ActivityOptions}. */
export const activityDefaults = {
  ...activityBufferDefaults,
  maxSpilled: 1_000_000,
  writeDeadlineMs: 2_000,
} as const satisfies ActivityOptions

const positive = z.number().positive()
const count = z.int().min(1)

const redaction = z.union([
  z.string(),
  z.custom<Redaction>(
    (value) => typeof (value as Redaction | null)?.replace === 'function',
    'must be a field or { field, replace }',
  ),
])
const zodSchema = z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'must be a zod schema')

const optionsInput = z.strictObject({
  maxBuffered: count,
  batchSize: count,
  flushIntervalMs: positive,
  retryMs: positive,
  maxSpilled: count,
  writeDeadlineMs: positive,
  retentionDays: positive.optional(),
  types: z.record(z.string(), zodSchema).optional(),
  redact: z.array(redaction).optional(),
})

/**
 * Creates the repositories on connected stores. Touches no store; what activity has buffered is
 * written when `stores.close` begins.
 *
 * @throws TypeError when an option breaks a rule.
 * @example
 * ```ts
 * const { users, courses, enrollments, activity, sinks } = createRepositories(stores)
 * const relay = createRelay(stores, { sinks })
 * ```
 */
export function createRepositories(
  stores: Stores,
  options: RepositoriesOptions = {},
): Repositories {
  const { types, redact, ...activityOptions } = checkOptions(options.activity)
  const context = createContext(stores)
  const popularity = new Popularity(stores)
  const log =
    stores.mongodb &&
    new EventLog(stores, stores.mongodb, {
      ...activityOptions,
      erasures: openErasures(stores, stores.mongodb),
    })
  const buffer =
    log &&
    new ActivityBuffer(
      stores,
      { log, spill: new ActivitySpill(stores, activityOptions.maxSpilled) },
      activityOptions,
    )
  if (buffer !== undefined) stores.beforeClose((deadlineMs) => buffer.close(deadlineMs))
  return {
    users: new UserRepository(context, options.sessions ?? createSessions(stores)),
    courses: new CourseRepository(context, popularity),
    enrollments: new EnrollmentRepository(context, options.enrollments),
    activity: new ActivityRepository({ stores, log, buffer, types, redact }),
    sinks: [
      ...(log ? [activityLogSink(log)] : []),
      popularitySink(popularity),
      userErasureSink(stores, stores.mongodb),
    ],
  }
}

/** What ends last begins first: the buffer still writes when `close` begins. */
function openErasures(stores: Stores, mongodb: MongodbStore): Erasures {
  const erasures = new Erasures(stores, mongodb)
  stores.beforeClose(() => erasures.flush())
  return erasures
}

function checkOptions(options: ActivityOptions | undefined): z.output<typeof optionsInput> {
  const checked = optionsInput.safeParse({ ...activityDefaults, ...options })
  if (!checked.success)
    throw new TypeError(`options of activity: ${z.prettifyError(checked.error)}`)
  return checked.data
}
