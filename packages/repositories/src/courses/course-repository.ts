import {
  err,
  invalidInput,
  isViolationOf,
  notFound,
  ok,
  validate,
  versionConflict,
} from '@headwater/core'
import type {
  CacheKey,
  NotFound,
  ReadOptions,
  Result,
  ResultAsync,
  Transaction,
  VersionConflict,
} from '@headwater/core'
import type { z } from 'zod'
import type { RepositoryContext } from '../context.ts'
import { idInput, idsInput } from '../input.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page, PageOptions } from '../page.ts'
import { onlyRow, read, write } from '../sql.ts'
import type { User } from '../users/user.ts'
import { courseCursor, courseListInput } from './course-list.ts'
import type { CourseListOptions } from './course-list.ts'
import { selectCoursePage } from './course-list-query.ts'
import { courseDeleted, courseEvent, courseUpdated } from './course-events.ts'
import {
  deleteCourse,
  deleteEnrollmentsOfCourse,
  insertCourse,
  lockCourses,
  selectCourses,
  setPublished,
  toCourse,
  updateCourse,
} from './course-queries.ts'
import type { CourseRow } from './course-queries.ts'
import { courseChangesInput, newCourseInput, studentListInput } from './course.ts'
import type {
  Course,
  CourseChanges,
  CreateCourseError,
  ListCoursesError,
  NewCourse,
  PublishCourseError,
  ReadCourseError,
  UpdateCourseError,
} from './course.ts'
import type { Popularity } from './popularity.ts'

type ValidCourse = z.output<typeof newCourseInput>
type ValidChanges = z.output<typeof courseChangesInput>

/** Courses: the catalogue and who may enroll in what. */
export class CourseRepository {
  readonly #context: RepositoryContext
  readonly #popularity: Popularity

  /** @internal */
  constructor(context: RepositoryContext, popularity: Popularity) {
    this.#context = context
    this.#popularity = popularity
  }

  /**
   * Creates a course, unpublished, and publishes `course.created`. Costs 3 PostgreSQL round trips
   * and 2 of Redis.
   */
  create(course: NewCourse): ResultAsync<Course, CreateCourseError> {
    return validate(newCourseInput, course).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => this.#insert(tx, input)).mapErr((failure) =>
        absentInstructor(failure, input.instructorId),
      ),
    )
  }

  /**
   * Reads a course, published or not; `undefined` when there is none. A hit costs 1 Redis round
   * trip, a miss up to 3 and 1 of PostgreSQL; with `tx` 1 of PostgreSQL.
   */
  get(id: number, options?: ReadOptions): ResultAsync<Course | undefined, ReadCourseError> {
    return validate(idInput, { id }).asyncAndThen(() =>
      this.#context.caches.courses.get(id, options),
    )
  }

  /** Reads many courses; those that do not exist are left out. Costs as much as one `get`. */
  getMany(
    ids: readonly number[],
    options?: ReadOptions,
  ): ResultAsync<Map<number, Course>, ReadCourseError> {
    return validate(idsInput, { ids }).asyncAndThen((input) =>
      this.#context.caches.courses.getMany(input.ids, options),
    )
  }

  /**
   * Lists courses by the filters and in the order asked for; a cursor of another list, of other
   * filters or of another order is `invalid-input`. Not cached: 1 PostgreSQL round trip. A page of
   * published courses comes from an index in the order newest, price or title, and by category or
   * instructor in the order newest; by popularity all courses that the filters let through are
   * sorted.
   */
  list({ tx, ...options }: CourseListOptions & ReadOptions = {}): ResultAsync<
    Page<Course>,
    ListCoursesError
  > {
    return validate(courseListInput, options).asyncAndThen((input) =>
      read<CourseRow>(this.#context.stores, selectCoursePage(input), tx).map(({ rows }) =>
        toPage(rows.map(toCourse), input.limit, (last) => courseCursor(input, last)),
      ),
    )
  }

  /**
   * Changes a course and publishes `course.updated`; no reader sees the old course afterwards. A
   * capacity below the number of students is `invalid-input`. With `expectedVersion` the change is
   * made only to that version.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis; one more of PostgreSQL to tell `not-found` from
   * `version-conflict`.
   */
  update(id: number, changes: CourseChanges): ResultAsync<Course, UpdateCourseError> {
    return validate(idInput, { id })
      .andThen(() => validate(courseChangesInput, changes))
      .andThen(someChange)
      .asyncAndThen((input) =>
        write(this.#context.stores, (tx) => this.#change(tx, id, input))
          .mapErr((failure) => absentInstructor(failure, input.instructorId))
          .mapErr(tooFewPlaces),
      )
  }

  /**
   * Lets a course be found and enrolled in; publishes `course.published`, or nothing when it
   * already was. Costs as much as an update.
   */
  publish(id: number): ResultAsync<Course, PublishCourseError> {
    return this.#setPublished(id, true)
  }

  /**
   * Takes a course out of the catalogue: nobody can enroll any more, students stay. Publishes
   * `course.unpublished`, or nothing when it already was. Costs as much as an update.
   */
  unpublish(id: number): ResultAsync<Course, PublishCourseError> {
    return this.#setPublished(id, false)
  }

  /**
   * Deletes a course and its enrollments and publishes `course.deleted`; its students' lists are
   * never older than that. Costs 4 PostgreSQL round trips and 2 of Redis.
   */
  delete(id: number): ResultAsync<void, PublishCourseError> {
    return validate(idInput, { id }).asyncAndThen(() =>
      write(this.#context.stores, (tx) => this.#delete(tx, id)),
    )
  }

  /**
   * Lists a course's students in the order of their ids; empty for a course that does not exist. A
   * hit costs 2 Redis round trips, however many students there are.
   */
  students(
    courseId: number,
    { tx, ...options }: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<User>, ReadCourseError> {
    const { courseStudents, users } = this.#context.caches
    const read: ReadOptions = tx === undefined ? {} : { tx }
    return validate(studentListInput, { ...options, courseId }).asyncAndThen(
      ({ cursor: [, after] = [courseId, 0], limit }) =>
        courseStudents
          .get(courseId, read)
          .map((ids = []) =>
            toPage(ids.filter((id) => id > after).slice(0, limit + 1), limit, (last) =>
              encodeCursor('students', [courseId, last]),
            ),
          )
          .andThen((page) =>
            users.getMany(page.items, read).map((found) => ({
              ...page,
              items: page.items.flatMap((id) => found.get(id) ?? []),
            })),
          ),
    )
  }

  /**
   * The published courses with the most students, first the fullest. A hit costs 2 Redis round
   * trips; without Redis, or when it has lost the set, PostgreSQL answers and the set is rebuilt.
   */
  popular(limit = 10): ResultAsync<readonly Course[], ReadCourseError> {
    return this.#popularity
      .top(limit)
      .andThen((ids) =>
        this.#context.caches.courses
          .getMany(ids)
          .map((found) =>
            ids.flatMap((id) => found.get(id) ?? []).filter((course) => course.isPublished),
          ),
      )
  }

  async #insert(tx: Transaction, course: ValidCourse): Promise<Result<Course, never>> {
    const { rows } = await tx.query<CourseRow>(insertCourse, [
      course.title,
      course.description,
      course.instructorId,
      course.category,
      course.difficulty,
      course.maxStudents,
      course.price,
    ])
    const created = toCourse(onlyRow(rows))
    tx.invalidate(this.#key(created.id))
    tx.publish(courseEvent(created, 'course.created'))
    return ok(created)
  }

  async #change(
    tx: Transaction,
    id: number,
    changes: ValidChanges,
  ): Promise<Result<Course, NotFound | VersionConflict>> {
    tx.invalidate(this.#key(id))
    const { description, category, difficulty, maxStudents } = changes
    const {
      rows: [row],
    } = await tx.query<CourseRow>(updateCourse, [
      id,
      changes.title,
      changes.instructorId,
      changes.price,
      ...[description, category, difficulty, maxStudents].flatMap((value) => [
        value !== undefined,
        value,
      ]),
      changes.expectedVersion,
    ])
    if (row === undefined)
      return err(
        (await this.#find(tx, id)) === undefined
          ? notFound('course', id)
          : versionConflict('course', id),
      )
    const course = toCourse(row)
    tx.publish(courseUpdated(course, changedFields(changes)))
    return ok(course)
  }

  #setPublished(id: number, isPublished: boolean): ResultAsync<Course, PublishCourseError> {
    return validate(idInput, { id }).asyncAndThen(() =>
      write(this.#context.stores, async (tx): Promise<Result<Course, NotFound>> => {
        tx.invalidate(this.#key(id))
        const {
          rows: [row],
        } = await tx.query<CourseRow>(setPublished, [id, isPublished])
        if (row === undefined) return found(id, await this.#find(tx, id))
        const course = toCourse(row)
        tx.publish(courseEvent(course, isPublished ? 'course.published' : 'course.unpublished'))
        return ok(course)
      }),
    )
  }

  async #delete(tx: Transaction, id: number): Promise<Result<void, NotFound>> {
    const { courseStudents, userEnrollments } = this.#context.caches
    const {
      rows: [course],
    } = await tx.query<{ id: number; version: string }>(lockCourses([id], 'wait'))
    if (course === undefined) return err(notFound('course', id))
    const { rows: enrollments } = await tx.query<{ user_id: number }>(deleteEnrollmentsOfCourse, [
      id,
    ])
    tx.invalidate(
      this.#key(id),
      courseStudents.key(id),
      ...enrollments.map((enrollment) => userEnrollments.key(enrollment.user_id)),
    )
    await tx.query(deleteCourse, [id])
    tx.publish(courseDeleted({ id, version: Number(course.version) + 1 }, enrollments.length))
    return ok(undefined)
  }

  async #find(tx: Transaction, id: number): Promise<Course | undefined> {
    const {
      rows: [row],
    } = await tx.query<CourseRow>(selectCourses, [[id]])
    return row && toCourse(row)
  }

  #key(id: number): CacheKey {
    return this.#context.caches.courses.key(id)
  }
}

function found(id: number, course: Course | undefined): Result<Course, NotFound> {
  return course === undefined ? err(notFound('course', id)) : ok(course)
}

function someChange(changes: ValidChanges) {
  return changedFields(changes).length > 0
    ? ok(changes)
    : err(invalidInput([{ field: 'changes', message: 'must change at least one field' }]))
}

function changedFields({ expectedVersion: _version, ...changes }: ValidChanges): string[] {
  return Object.entries(changes).flatMap(([field, value]) => (value === undefined ? [] : [field]))
}

function absentInstructor<Failure extends { readonly type: string }>(
  failure: Failure,
  instructorId: number | undefined,
): Failure | NotFound {
  return instructorId !== undefined && isViolationOf(failure, 'courses_instructor_id_fkey')
    ? notFound('user', instructorId)
    : failure
}

function tooFewPlaces<Failure extends { readonly type: string }>(failure: Failure) {
  if (!isViolationOf(failure, 'courses_capacity_check')) return failure
  return invalidInput([
    {
      field: 'maxStudents',
      message: 'must not be below the number of students that the course has',
    },
  ])
}
