import { GuessedReads, type ReadOptions, type ResultAsync } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches } from '../context.ts'
import type { Course } from '../courses/course.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page } from '../page.ts'
import type {
  Enrollment,
  EnrollmentWithCourse,
  ReadEnrollmentsError,
  userEnrollmentsInput,
} from './enrollment.ts'

/** A page of a user's enrollments that is asked for. */
export type UserPage = z.output<ReturnType<typeof userEnrollmentsInput>>

/** Pages whose courses are remembered. */
const maxRemembered = 10_000

/** Reads users' enrollments with their courses, out of the caches of both. */
export class UserEnrollments {
  readonly #caches: RepositoryCaches
  readonly #guesses = new GuessedReads<Course, ReadEnrollmentsError>(maxRemembered)

  constructor(caches: RepositoryCaches) {
    this.#caches = caches
  }

  /** The page, newest first. */
  list(
    { userId, cursor, limit }: UserPage,
    options: ReadOptions,
  ): ResultAsync<Page<EnrollmentWithCourse>, ReadEnrollmentsError> {
    const { userEnrollments, courses } = this.#caches
    const enrollments = userEnrollments.get(userId, options)
    const read = (ids: readonly number[]) => courses.getMany(ids, options)
    const readCourses =
      options.tx === undefined && cursor === undefined
        ? this.#guesses.begin(`${userId} ${limit}`, read)
        : read
    return enrollments.andThen((all = []) => {
      const page = toPage(after(all, cursor), limit, (last) =>
        encodeCursor('enrollments-of-user', [userId, last.enrolledAt.getTime(), last.id]),
      )
      return readCourses(page.items.map(({ courseId }) => courseId)).map((found) => ({
        ...page,
        items: page.items.flatMap((item) => joined(item, found)),
      }))
    })
  }
}

function after(
  enrollments: readonly Enrollment[],
  cursor: UserPage['cursor'],
): readonly Enrollment[] {
  if (cursor === undefined) return enrollments
  const [time, lastId] = [Number(cursor[1]), cursor[2]]
  return enrollments.filter(({ enrolledAt, id }) => {
    const ms = enrolledAt.getTime()
    return ms < time || (ms === time && id < lastId)
  })
}

function joined(
  enrollment: Enrollment,
  courses: ReadonlyMap<number, Course>,
): EnrollmentWithCourse[] {
  const course = courses.get(enrollment.courseId)
  return course === undefined ? [] : [{ ...enrollment, course }]
}
