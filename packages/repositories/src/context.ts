import type { Cache, Stores } from '@headwater/core'
import type { ActivitySealing } from './activity/sealed/activity-sealing.ts'
import { checkCacheOptions } from './cache-options.ts'
import type { RepositoryCacheOptions } from './cache-options.ts'
import { defineCourseCache } from './courses/course-cache.ts'
import type { Course } from './courses/course.ts'
import { defineUserEnrollmentsCache } from './enrollments/enrollment-cache.ts'
import type { Enrollment } from './enrollments/enrollment.ts'
import { checkWaitlistOptions } from './waitlist/waitlist-options.ts'
import type { WaitlistOptions } from './waitlist/waitlist-options.ts'
import { defineUserCache } from './users/user-cache.ts'
import type { StoredUser, UserSealing } from './users/sealed/user-sealing.ts'

/** State shared by the repositories: a write of one invalidates what another has cached. */
export interface RepositoryContext {
  /** The connected stores. */
  readonly stores: Stores
  /** The caches of all repositories. */
  readonly caches: RepositoryCaches
  /** The limits of waiting lists: a change of a course passes its free seats on. */
  readonly waitlist: Required<WaitlistOptions>
  /** What encrypts fields, where the host names any. */
  readonly sealing: Sealing | undefined
}

/** What encrypts and decrypts fields. */
export interface Sealing {
  /** Fields of profiles. */
  readonly users: UserSealing
  /** Fields of activity. */
  readonly activity: ActivitySealing
}

/** The state of repositories that encrypt fields. */
export type SealedContext = RepositoryContext & { readonly sealing: Sealing }

/** The caches of all repositories. */
export interface RepositoryCaches {
  /** Profiles: `user:{id}`. */
  readonly users: Cache<number, StoredUser>
  /** Courses: `course:{id}`. */
  readonly courses: Cache<number, Course>
  /** A user's enrollments, newest first: `user:{id}:enrollments`. */
  readonly userEnrollments: Cache<number, readonly Enrollment[]>
}

/**
 * Defines the caches on the stores.
 *
 * @throws InvalidOptions when an option breaks a rule.
 */
export function createContext(
  stores: Stores,
  options: { readonly caches?: RepositoryCacheOptions; readonly waitlist?: WaitlistOptions },
  sealing: Sealing | undefined,
): RepositoryContext {
  const { users, courses, userEnrollments } = checkCacheOptions(options.caches)
  return {
    stores,
    caches: {
      users: defineUserCache(stores, users),
      courses: defineCourseCache(stores, courses),
      userEnrollments: defineUserEnrollmentsCache(stores, userEnrollments),
    },
    waitlist: checkWaitlistOptions(options.waitlist),
    sealing,
  }
}

/** Whether the repositories encrypt fields. */
export function isSealed(context: RepositoryContext): context is SealedContext {
  return context.sealing !== undefined
}
