import * as z from 'zod/mini'
import { checkOptions, createSessions, once, option, strictOptions } from '@headwater/core'
import type { MongodbStore, Resyncable, Sessions, Sink, Stores } from '@headwater/core'
import { ActivityBuffer } from './activity/activity-buffer.ts'
import { activityLogSink, activityLogSinkName } from './activity/activity-log-sink.ts'
import type { ActivityLogSinkDeps } from './activity/activity-log-sink.ts'
import { checkActivityOptions } from './activity/activity-options.ts'
import type { ActivityOptions, CheckedActivityOptions } from './activity/activity-options.ts'
import { ActivityRepository } from './activity/activity-repository.ts'
import { ActivitySealing } from './activity/sealed/activity-sealing.ts'
import { ActivitySpill } from './activity/activity-spill.ts'
import { EventLog } from './activity/event-log.ts'
import { Redactor } from './activity/redaction.ts'
import { activityResync } from './activity/resync/activity-resync.ts'
import type { RepositoryCacheOptions } from './cache-options.ts'
import { createContext, isSealed } from './context.ts'
import type { Sealing } from './context.ts'
import { CourseRepository } from './courses/course-repository.ts'
import { popularityResync } from './courses/popularity-resync.ts'
import { popularitySink } from './courses/popularity-sink.ts'
import { Popularity } from './courses/popularity.ts'
import { checkEncryptionOptions } from './encryption/encryption-options.ts'
import type { EncryptionOptions } from './encryption/encryption-options.ts'
import { FieldCipher } from './encryption/field-cipher.ts'
import { FieldEncryption } from './encryption/field-encryption.ts'
import type { EnrollmentOptions } from './enrollments/enrollment-options.ts'
import { EnrollmentRepository } from './enrollments/enrollment-repository.ts'
import { checkErasureOptions } from './users/erasure-options.ts'
import type { ErasureOptions } from './users/erasure-options.ts'
import { ErasureRetention } from './users/erasure-retention.ts'
import { Erasures } from './users/erasures.ts'
import { Origins } from './users/origins.ts'
import { userErasureSink } from './users/user-erasure-sink.ts'
import { UserSealing } from './users/sealed/user-sealing.ts'
import { UserRepository } from './users/user-repository.ts'
import { OfferWatch } from './waitlist/offer-watch.ts'
import type { WaitlistOptions } from './waitlist/waitlist-options.ts'
import { WaitlistRepository } from './waitlist/waitlist-repository.ts'

/**
 * The repositories of an e-learning platform, and the sinks that keep MongoDB and Redis in sync.
 */
export interface Repositories {
  /** Registration and profiles. */
  readonly users: UserRepository
  /** The catalogue. */
  readonly courses: CourseRepository
  /** Seats of users in courses. */
  readonly enrollments: EnrollmentRepository
  /** Waiting lists of full courses. */
  readonly waitlist: WaitlistRepository
  /** The log of what users did. */
  readonly activity: ActivityRepository
  /** The encryption of fields; `undefined` where `encryptedFields` is not given. */
  readonly encryption: FieldEncryption | undefined
  /** Sinks for `createRelay`; without MongoDB the event log's is missing. */
  readonly sinks: readonly Sink[]
  /** Parts for `resync` and `rebuild`; without MongoDB the event log's is missing. */
  readonly resyncables: readonly Resyncable[]
}

/** Options of {@link createRepositories}. */
export interface RepositoriesOptions {
  /** Times and limits of the caches. */
  readonly caches?: RepositoryCacheOptions
  /** Limits and rules of recording activity. */
  readonly activity?: ActivityOptions
  /** Limits on how simultaneous enrollments share transactions. */
  readonly enrollments?: EnrollmentOptions
  /** Limits and times of waiting lists. */
  readonly waitlist?: WaitlistOptions
  /** Options of the erasure of deleted users. */
  readonly erasures?: ErasureOptions
  /**
   * Fields that are encrypted wherever they are stored.
   *
   * @defaultValue none
   */
  readonly encryptedFields?: EncryptionOptions
  /**
   * The host's sessions, which end when a user is deleted or changes the password.
   *
   * @defaultValue `createSessions(stores)`
   */
  readonly sessions?: Sessions
}

const optionNames = once(() =>
  strictOptions<RepositoriesOptions>({
    caches: z.optional(option.object()),
    activity: z.optional(option.object()),
    enrollments: z.optional(option.object()),
    waitlist: z.optional(option.object()),
    erasures: z.optional(option.object()),
    encryptedFields: z.optional(option.object()),
    sessions: z.optional(option.object()),
  }),
)

/**
 * Creates the repositories on connected stores. Touches no store; buffered activity is written when
 * `stores.close` begins.
 *
 * @throws InvalidOptions when an option breaks a rule.
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
  checkOptions('createRepositories', optionNames(), options)
  const activityOptions = checkActivityOptions(options.activity)
  const redactor = activityOptions.redact && new Redactor(activityOptions.redact)
  const context = createContext(stores, options, sealingOf(stores, options.encryptedFields))
  const sealing = context.sealing?.activity
  const popularity = new Popularity(stores)
  const retention = startRetention(stores, options.erasures)
  new OfferWatch(context).start()
  const opened = openLog(stores, activityOptions)
  const log = opened?.log
  const resyncing = { options: activityOptions, redactor, sink: activityLogSinkName }
  const buffer = log && openBuffer(stores, log, activityOptions)
  const recording = { ...activityOptions, stores, log, buffer, redactor, sealing }
  return {
    users: new UserRepository({
      context,
      sessions: options.sessions ?? createSessions(stores),
      log,
      redactor,
    }),
    courses: new CourseRepository(context, popularity),
    enrollments: new EnrollmentRepository(context, options.enrollments),
    waitlist: new WaitlistRepository(context),
    activity: new ActivityRepository(recording),
    encryption: isSealed(context) ? new FieldEncryption(context) : undefined,
    sinks: [
      ...(log ? [logSink({ log, redactor, sealing }, stores)] : []),
      popularitySink(popularity),
      userErasureSink(stores, stores.mongodb, retention),
    ],
    resyncables: [
      popularityResync(popularity),
      ...(opened ? [activityResync({ stores, ...opened, ...resyncing })] : []),
    ],
  }
}

function startRetention(stores: Stores, options: ErasureOptions | undefined): ErasureRetention {
  const retention = new ErasureRetention(stores, checkErasureOptions(options))
  retention.start()
  return retention
}

function sealingOf(stores: Stores, options: EncryptionOptions | undefined): Sealing | undefined {
  const checked = checkEncryptionOptions(options)
  if (checked === undefined) return undefined
  const cipher = new FieldCipher(checked.keyRing)
  const { schema } = stores.postgres
  return {
    users: new UserSealing(cipher, checked, schema),
    activity: new ActivitySealing(cipher, checked, schema),
  }
}

function logSink(deps: Omit<ActivityLogSinkDeps, 'origins'>, stores: Stores): Sink {
  return activityLogSink({ ...deps, origins: new Origins(stores) })
}

interface OpenedLog {
  readonly mongodb: MongodbStore
  readonly erasures: Erasures
  readonly log: EventLog
}

function openLog(stores: Stores, options: CheckedActivityOptions): OpenedLog | undefined {
  const { mongodb } = stores
  if (mongodb === undefined) return undefined
  const erasures = openErasures(stores, mongodb)
  return { mongodb, erasures, log: new EventLog(stores, mongodb, { ...options, erasures }) }
}

function openBuffer(
  stores: Stores,
  log: EventLog,
  options: CheckedActivityOptions,
): ActivityBuffer {
  const spill = new ActivitySpill(stores, options.maxSpilled)
  const buffer = new ActivityBuffer(stores, { log, spill }, options)
  stores.beforeClose((deadlineMs) => buffer.close(deadlineMs))
  return buffer
}

/**
 * Registered before the buffer, so closed after it: the buffer still writes when `close` begins.
 */
function openErasures(stores: Stores, mongodb: MongodbStore): Erasures {
  const erasures = new Erasures(stores, mongodb)
  stores.beforeClose(() => erasures.flush())
  return erasures
}
