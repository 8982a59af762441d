import { invalidField, isViolationOf, notFound, validate } from '@headwater/core'
import type { Abortable, CallOptions, NotFound, ReadOptions, ResultAsync } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { idInput, checkIds, someChange } from '../input.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page, PageOptions } from '../page.ts'
import { selectStudentPage } from '../enrollments/enrollment-queries.ts'
import { read, write } from '../sql.ts'
import type { ListReadOptions } from '../sql.ts'
import type { User } from '../users/user.ts'
import { splitOptions } from '../split-options.ts'
import { courseCursor, courseListInput } from './course-list.ts'
import type { CourseListOptions } from './course-list.ts'
import { toCourse } from './course-queries.ts'
import {
  courseChangesInput,
  deleteCourseInput,
  newCourseInput,
  studentListInput,
} from './course.ts'
import type {
  Course,
  CourseChanges,
  CreateCourseError,
  DeleteCourseOptions,
  ListCoursesError,
  NewCourse,
  PublishCourseError,
  ReadCourseError,
  UpdateCourseError,
} from './course.ts'
import { createCourse } from './create-course.ts'
import { deleteCourse } from './delete-course.ts'
import type { Popularity } from './popularity.ts'
import { readCoursePage } from './read-course-page.ts'
import { setPublication, updateCourse } from './update-course.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'
import { getUsers } from '../users/read-users.ts'

/** The catalogue of courses, published and unpublished. */
export class CourseRepository {
  readonly #context: RepositoryContext
  readonly #popularity: Popularity

  /** @internal */
  constructor(context: RepositoryContext, popularity: Popularity) {
    this.#context = context
    this.#popularity = popularity
  }

  /**
   * Creates a course, unpublished, and publishes `course.created`. Costs 2 PostgreSQL round trips
   * and 2 of Redis.
   */
  create(course: NewCourse, options?: CallOptions): ResultAsync<Course, CreateCourseError> {
    const { stores, caches } = this.#context
    return validate(newCourseInput(), course).asyncAndThen((input) =>
      write(stores, (tx) => createCourse(tx, input, caches), options).mapErr((failure) =>
        absentInstructor(failure, input.instructorId),
      ),
    )
  }

  /**
   * Reads a course, published or not; `undefined` when there is none. A hit costs 1 Redis round
   * trip; a miss up to 3, and 1 of PostgreSQL; with `tx` 1 of PostgreSQL.
   */
  get(id: number, options?: ReadOptions): ResultAsync<Course | undefined, ReadCourseError> {
    return validate(idInput(), { id }).asyncAndThen(() =>
      this.#context.caches.courses.get(id, options),
    )
  }

  /** Reads many courses; those that do not exist are left out. Costs as much as one `get`. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, Course>, ReadCourseError> {
    return checkIds(ids).asyncAndThen((checked) =>
      this.#context.caches.courses.getMany(checked, options),
    )
  }

  /**
   * Lists courses by filters, in an order. A cursor of another list, of other filters or of another
   * order is `invalid-input`.
   *
   * Not cached: 1 PostgreSQL round trip, of a replica where `freshness` allows it. A page of
   * published courses comes from an index in every order, and in the order newest within a category
   * or of an instructor. By popularity within a category or price range or of an instructor, all
   * courses within the filters are sorted; so they are in a second round trip where the most
   * popular courses do not fill a page with the other filters.
   */
  list(
    options: CourseListOptions & ListReadOptions = {},
  ): ResultAsync<Page<Course>, ListCoursesError> {
    const { call, asked } = splitOptions(options, 'tx', 'signal', 'freshness')
    return validate(courseListInput(), asked).asyncAndThen((input) =>
      readCoursePage(this.#context.stores, input, call).map((rows) =>
        toPage(rows.map(toCourse), input.limit, (last) => courseCursor(input, last)),
      ),
    )
  }

  /**
   * Changes a course and publishes `course.updated`; no reader sees the old course afterwards. A
   * capacity below the number of students and of seats on offer is `invalid-input`; seats that the
   * course gains are offered to those who wait. With `expectedVersion` another version is left
   * alone: `version-conflict`.
   *
   * Costs 2 PostgreSQL round trips and 2 of Redis; one more of PostgreSQL to tell `not-found` from
   * `version-conflict`, and 2 more where anyone waits.
   */
  update(
    id: number,
    changes: CourseChanges,
    options?: CallOptions,
  ): ResultAsync<Course, UpdateCourseError> {
    const { stores } = this.#context
    return validate(idInput(), { id })
      .andThen(() => validate(courseChangesInput(), changes))
      .andThen(someChange)
      .asyncAndThen((input) =>
        write(stores, (tx) => updateCourse(tx, { id, changes: input }, this.#context), options)
          .mapErr((failure) => absentInstructor(failure, input.instructorId))
          .mapErr(tooFewSeats),
      )
  }

  /**
   * Publishes a course, which can then be found and enrolled in. Publishes the event
   * `course.published`, or nothing when the course already was. Free seats are offered to those who
   * wait. Costs as much as an update.
   */
  publish(id: number, options?: CallOptions): ResultAsync<Course, PublishCourseError> {
    return this.#setPublication(id, true, options)
  }

  /**
   * Unpublishes a course: no one can enroll any more, and students stay. Publishes the event
   * `course.unpublished`, or nothing when the course already was. Offers to those who wait are
   * taken back, and made anew when the course is published again. Costs as much as an update.
   */
  unpublish(id: number, options?: CallOptions): ResultAsync<Course, PublishCourseError> {
    return this.#setPublication(id, false, options)
  }

  /**
   * Deletes a course, its enrollments and its waiting list. Publishes `enrollment.withdrawn` for
   * each enrollment, with a full refund unless `refund` is `none`, `waitlist.left` for each place,
   * and `course.deleted`. The lists of its students are never served as they were before. Costs 4
   * PostgreSQL round trips and 2 of Redis; one more of PostgreSQL where anyone waits.
   */
  delete(
    id: number,
    options: DeleteCourseOptions & CallOptions = {},
  ): ResultAsync<void, PublishCourseError> {
    const { stores, caches } = this.#context
    const { call, asked } = splitOptions(options, 'deadlineMs', 'signal')
    return validate(deleteCourseInput(), { ...asked, id }).asyncAndThen((input) =>
      write(stores, (tx) => deleteCourse(tx, input, caches), call),
    )
  }

  /**
   * Lists a course's students in the order of their ids; empty for a course that does not exist. A
   * page costs the same however many students there are: 1 PostgreSQL round trip and 1 of Redis,
   * where the profiles are cached.
   */
  students(
    courseId: number,
    options: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<User>, ReadCourseError | EncryptionFailed> {
    const { stores } = this.#context
    const { call, asked } = splitOptions(options, 'tx', 'signal')
    return validate(studentListInput(), { ...asked, courseId }).asyncAndThen(
      ({ cursor: [, after] = [courseId, 0], limit }) =>
        read<{ user_id: number }>(stores, [selectStudentPage, [courseId, after, limit + 1]], call)
          .map(({ rows }) =>
            toPage(
              rows.map((row) => row.user_id),
              limit,
              (last) => encodeCursor('students', [courseId, last]),
            ),
          )
          .andThen((page) =>
            getUsers(this.#context, page.items, call).map((found) => ({
              ...page,
              items: page.items.flatMap((id) => found.get(id) ?? []),
            })),
          ),
    )
  }

  /**
   * Lists the published courses with the most students, the fullest first. A hit costs 2 Redis
   * round trips. Without Redis, or when it has lost the set, PostgreSQL answers and the set is
   * rebuilt.
   */
  popular(limit = 10, options?: Abortable): ResultAsync<readonly Course[], ReadCourseError> {
    return this.#popularity
      .top(limit, options)
      .andThen((ids) =>
        this.#context.caches.courses
          .getMany(ids, options)
          .map((found) =>
            ids.flatMap((id) => found.get(id) ?? []).filter((course) => course.isPublished),
          ),
      )
  }

  #setPublication(
    id: number,
    isPublished: boolean,
    options: CallOptions | undefined,
  ): ResultAsync<Course, PublishCourseError> {
    const { stores } = this.#context
    return validate(idInput(), { id }).asyncAndThen(() =>
      write(stores, (tx) => setPublication(tx, { id, isPublished }, this.#context), options),
    )
  }
}

function absentInstructor<Failure extends { readonly type: string }>(
  failure: Failure,
  instructorId: number | undefined,
): Failure | NotFound {
  return instructorId !== undefined && isViolationOf(failure, 'courses_instructor_id_fkey')
    ? notFound('user', instructorId)
    : failure
}

function tooFewSeats<Failure extends { readonly type: string }>(failure: Failure) {
  if (
    !isViolationOf(failure, 'courses_capacity_check') &&
    !isViolationOf(failure, 'courses_seats_offered_check')
  )
    return failure
  return invalidField('maxStudents', 'must not be below the number of students and seats on offer')
}
