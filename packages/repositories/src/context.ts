import type { Cache, Stores } from '@headwater/core'
import { defineCourseCache, defineCourseStudentsCache } from './courses/course-cache.ts'
import type { Course } from './courses/course.ts'
import { defineUserEnrollmentsCache } from './enrollments/enrollment-cache.ts'
import type { Enrollment } from './enrollments/enrollment.ts'
import { defineUserCache } from './users/user-cache.ts'
import type { User } from './users/user.ts'

/** What the repositories share: a write of one invalidates what another has cached. */
export interface RepositoryContext {
  /** The connected stores. */
  readonly stores: Stores
  /** The caches of all repositories. */
  readonly caches: RepositoryCaches
}

/** What the repositories cache. */
export interface RepositoryCaches {
  /** Profiles: `user:{id}`. */
  readonly users: Cache<number, User>
  /** Courses: `course:{id}`. */
  readonly courses: Cache<number, Course>
  /** Ids of a course's students, ascending: `course:{id}:students`. */
  readonly courseStudents: Cache<number, readonly number[]>
  /** A user's enrollments, newest first: `user:{id}:enrollments`. */
  readonly userEnrollments: Cache<number, readonly Enrollment[]>
}

/** Defines what the repositories share. */
export function createContext(stores: Stores): RepositoryContext {
  return {
    stores,
    caches: {
      users: defineUserCache(stores),
      courses: defineCourseCache(stores),
      courseStudents: defineCourseStudentsCache(stores),
      userEnrollments: defineUserEnrollmentsCache(stores),
    },
  }
}
