import { checkOptions, once, option, strictOptions } from '@headwater/core'
import * as z from 'zod/mini'

/** Times and limits of one cache. */
export interface EntityCacheOptions {
  /** Time until an entry is loaded again, in milliseconds. */
  readonly ttlMs?: number
  /**
   * Time beyond `ttlMs` for which an entry may answer while PostgreSQL is down, in milliseconds.
   */
  readonly graceMs?: number
  /**
   * Share of `ttlMs` after which a read reloads the entry in the background; `1` for never.
   *
   * @defaultValue `0.9`
   */
  readonly refreshAt?: number
  /**
   * Time for which a missing row is remembered as missing, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly absentTtlMs?: number
  /**
   * Length of an entry's JSON above which it is not stored, in characters.
   *
   * @defaultValue `524_288`
   */
  readonly maxEntryLength?: number
}

/** Times and limits of the caches. */
export interface RepositoryCacheOptions {
  /**
   * Profiles, `user:{id}`.
   *
   * @defaultValue an hour, and five minutes while PostgreSQL is down
   */
  readonly users?: EntityCacheOptions
  /**
   * Courses, `course:{id}`.
   *
   * @defaultValue half an hour, and five minutes while PostgreSQL is down
   */
  readonly courses?: EntityCacheOptions
  /**
   * Enrollments of a user, `user:{id}:enrollments`.
   *
   * @defaultValue five minutes, and none while PostgreSQL is down
   */
  readonly userEnrollments?: EntityCacheOptions
}

const minuteMs = 60_000

/** The defaults of {@link RepositoryCacheOptions}, where they differ from `cacheDefaults`. */
export const repositoryCacheDefaults = {
  users: { ttlMs: 60 * minuteMs, graceMs: 5 * minuteMs },
  courses: { ttlMs: 30 * minuteMs, graceMs: 5 * minuteMs },
  userEnrollments: { ttlMs: 5 * minuteMs, graceMs: 0 },
} as const satisfies Required<RepositoryCacheOptions>

/** Options of every cache, with a time to live and a grace. */
export type CheckedCacheOptions = Readonly<
  Record<
    keyof RepositoryCacheOptions,
    EntityCacheOptions & Required<Pick<EntityCacheOptions, 'ttlMs' | 'graceMs'>>
  >
>

const cache = once(() =>
  strictOptions<EntityCacheOptions>({
    ttlMs: option.durationMs(),
    graceMs: option.durationOrNoneMs(),
    refreshAt: z.optional(
      z.number().check(z.minimum(0.1, 'expected 0.1 or more'), z.maximum(1, 'expected 1 or less')),
    ),
    absentTtlMs: z.optional(option.durationMs()),
    maxEntryLength: z.optional(option.count()),
  }),
)

const schema = once(() =>
  z.object({
    caches: strictOptions<RepositoryCacheOptions>({
      users: cache(),
      courses: cache(),
      userEnrollments: cache(),
    }),
  }),
)

/**
 * Fills in the defaults.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export function checkCacheOptions(options: RepositoryCacheOptions = {}): CheckedCacheOptions {
  const { users, courses, userEnrollments } = repositoryCacheDefaults
  return checkOptions('createRepositories', schema(), {
    caches: {
      ...options,
      users: { ...users, ...options.users },
      courses: { ...courses, ...options.courses },
      userEnrollments: { ...userEnrollments, ...options.userEnrollments },
    },
  }).caches
}
