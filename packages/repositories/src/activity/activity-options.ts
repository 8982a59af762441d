import { checkOptions, once, option, strictOptions } from '@headwater/core'
import type { Schema } from '@headwater/core'
import * as z from 'zod/mini'
import type { ActivityTypes } from './activity-types.ts'
import { activityBufferDefaults } from './buffer-options.ts'
import type { ActivityBufferOptions } from './buffer-options.ts'
import type { Redaction } from './redaction.ts'
import type { RetentionDays } from './retention.ts'

/** Limits and rules of recording activity. */
export interface ActivityOptions extends ActivityBufferOptions {
  /**
   * Number of entries that may wait in PostgreSQL while MongoDB is down.
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
   * Days after which MongoDB deletes documents, by collection. A number holds for activity and
   * searches alone: enrollment events record payments, and are deleted only when `enrollments` says
   * so. What `resync` has set aside is deleted after 90 days, or after `setAside`. A change takes
   * effect with the first write of a process that has it.
   *
   * @defaultValue never
   */
  readonly retentionDays?: number | RetentionDays
  /**
   * Fields of activity that are removed or replaced before anything leaves the process, for
   * instance `metadata.ip_address` and `event_data.email`; in spilled and durable activity too. Of
   * a registration, `event_data.role` is removed from the log; PostgreSQL keeps the role.
   * Enrollment events are records of payments, and stay as they are.
   *
   * @defaultValue `[]`
   */
  readonly redact?: readonly (string | Redaction)[]
  /**
   * Schemas of an activity's data, by type, in addition to the types that every application knows.
   *
   * @defaultValue `{}`
   */
  readonly types?: ActivityTypes
}

/** Defaults of {@link ActivityOptions}. */
export const activityDefaults = {
  ...activityBufferDefaults,
  maxSpilled: 1_000_000,
  writeDeadlineMs: 2_000,
} as const satisfies ActivityOptions

const days = once(() =>
  z.number('expected a number of days').check(z.positive('expected more than 0 days')),
)
const retentionDays = once(() =>
  z.union(
    [
      days(),
      strictOptions<RetentionDays>({
        activity: z.optional(days()),
        searches: z.optional(days()),
        enrollments: z.optional(days()),
        setAside: z.optional(days()),
      }),
    ],
    'expected more than 0 days, or days by collection',
  ),
)
const redaction = once(() =>
  z.union(
    [
      z.string(),
      z.custom<Redaction>((value) => typeof (value as Redaction | null)?.replace === 'function'),
    ],
    'expected a field or { field, replace }',
  ),
)
const zodSchema = once(() =>
  z.custom<Schema>(
    (value) => typeof (value as Schema | null)?.safeParse === 'function',
    'expected a zod schema',
  ),
)

const schema = once(() =>
  z.object({
    activity: strictOptions<ActivityOptions>({
      maxBuffered: option.count(),
      batchSize: option.count(),
      flushIntervalMs: option.timeoutMs(),
      retryMs: option.timeoutMs(),
      maxSpilled: option.count(),
      writeDeadlineMs: option.durationMs(),
      retentionDays: z.optional(retentionDays()),
      types: z.optional(z.record(z.string(), zodSchema())),
      redact: z.optional(z.array(redaction())),
    }),
  }),
)

/** Options of activity with the defaults filled in. */
export type CheckedActivityOptions = ActivityOptions &
  Required<Pick<ActivityOptions, keyof typeof activityDefaults>>

/**
 * Fills in the defaults.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export function checkActivityOptions(options: ActivityOptions = {}): CheckedActivityOptions {
  return checkOptions('createRepositories', schema(), {
    activity: { ...activityDefaults, ...options },
  }).activity
}
