import { err, ok } from '@headwater/core'
import type { NotFound, ReadOptions, Result, ResultAsync, Transaction } from '@headwater/core'
import type { z } from 'zod'
import type { RepositoryContext } from '../context.ts'
import { lockCourse } from '../courses/course-queries.ts'
import type { Course } from '../courses/course.ts'
import { validate } from '../input.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page, PageOptions } from '../page.ts'
import { isViolationOf, notFound } from '../refusals.ts'
import { read, write } from '../sql.ts'
import { alreadyEnrolled, enroll } from './enroll.ts'
import type { EnrollRefusal } from './enroll.ts'
import { enrollmentCompleted, enrollmentTransferred, enrollmentWithdrawn } from './enrollment-events.ts'
import { giveBackPlace, handOnPlace, selectEnrollmentPage, toEnrollment, updateProgress } from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import { courseEnrollmentsInput, enrollInput, enrollmentKeyInput, progressInput, transferInput, userEnrollmentsInput } from './enrollment.ts'
import type {
  AlreadyEnrolled, Enrollment, EnrollError, EnrollmentKey, EnrollmentWithCourse, EnrollRequest, ListEnrollmentsError, NotEnrolled, ProgressError,
  ProgressReport, ReadEnrollmentsError, TransferError, TransferRequest, WithdrawError,
} from './enrollment.ts'

type CompletableRow = EnrollmentRow & { readonly completed_now: boolean; readonly version: string }

/**
 * Enrollments: who has a place in which course. Every change of who is in a course locks the course's row first, so that changes of one
 * course wait for each other and never block each other for good.
 */
export class EnrollmentRepository {
  readonly #context: RepositoryContext

  /** @internal */
  constructor(context: RepositoryContext) {
    this.#context = context
  }

  /**
   * Takes a place: the course's publication and capacity are checked, the place counted, the row inserted and `enrollment.created` published
   * in one transaction; however many ask at once, no place is given twice. The course, its students and the user's enrollments are never
   * served as they were before.
   *
   * Costs 4 PostgreSQL round trips and 2 of Redis; a refusal one more of PostgreSQL.
   */
  enroll(request: EnrollRequest): ResultAsync<Enrollment, EnrollError> {
    return validate(enrollInput, request).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => this.#enroll(tx, input))
        .mapErr((failure) => constraintRefusal(failure, input.userId, input.courseId)))
  }

  /**
   * Gives a place back and publishes `enrollment.withdrawn`. Costs 5 PostgreSQL round trips and 2 of Redis.
   */
  withdraw(enrollment: EnrollmentKey): ResultAsync<void, WithdrawError> {
    return validate(enrollmentKeyInput, enrollment).asyncAndThen((key) => write(this.#context.stores, (tx) => this.#withdraw(tx, key)))
  }

  /**
   * Hands a place on to another user, who starts afresh, and publishes `enrollment.transferred`; fails, changing nothing, when the giver has
   * no place or the receiver already has one. Works in unpublished courses too: the number of students stays the same.
   *
   * Costs 5 PostgreSQL round trips and 2 of Redis.
   */
  transfer(request: TransferRequest): ResultAsync<Enrollment, TransferError> {
    return validate(transferInput, request).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => this.#transfer(tx, input))
        .mapErr((failure) => constraintRefusal(failure, input.toUserId, input.courseId)))
  }

  /**
   * Records how far a student has come. The first time it is 100, the completion time is set and `enrollment.completed` published; it stays
   * when progress is set back. Costs 4 PostgreSQL round trips and 2 of Redis.
   */
  recordProgress(report: ProgressReport): ResultAsync<Enrollment, ProgressError> {
    return validate(progressInput, report).asyncAndThen((input) => write(this.#context.stores, (tx) => this.#recordProgress(tx, input)))
  }

  /**
   * Whether a user has a place in a course. A hit costs 1 Redis round trip, with `tx` 1 of PostgreSQL.
   */
  isEnrolled(enrollment: EnrollmentKey, options?: ReadOptions): ResultAsync<boolean, ReadEnrollmentsError> {
    return validate(enrollmentKeyInput, enrollment).asyncAndThen(({ userId, courseId }) =>
      this.#context.caches.userEnrollments.get(userId, options)
        .map((enrollments = []) => enrollments.some((item) => item.courseId === courseId)))
  }

  /**
   * Lists a user's enrollments with their courses, newest first; empty for a user who does not exist. A hit costs 2 Redis round trips: the
   * list, and all courses together.
   */
  listForUser(userId: number, { tx, ...page }: PageOptions & ReadOptions = {}): ResultAsync<Page<EnrollmentWithCourse>, ReadEnrollmentsError> {
    const { userEnrollments, courses } = this.#context.caches
    const options: ReadOptions = tx === undefined ? {} : { tx }
    return validate(userEnrollmentsInput, { ...page, userId }).asyncAndThen(({ cursor, limit }) =>
      userEnrollments.get(userId, options)
        .map((enrollments = []) => toPage(after(enrollments, cursor?.[0]), limit, cursorOf))
        .andThen((found) => courses.getMany(found.items.map((item) => item.courseId), options)
          .map((byId) => ({ ...found, items: found.items.flatMap((item) => withCourse(item, byId)) }))))
  }

  /**
   * Lists a course's enrollments, newest first; empty for a course that does not exist. Not cached: 1 PostgreSQL round trip.
   */
  listForCourse(courseId: number, { tx, ...page }: PageOptions & ReadOptions = {}): ResultAsync<Page<Enrollment>, ListEnrollmentsError> {
    return validate(courseEnrollmentsInput, { ...page, courseId }).asyncAndThen(({ cursor, limit }) =>
      read<EnrollmentRow>(this.#context.stores, [selectEnrollmentPage, [courseId, cursor?.[0], limit + 1]], tx)
        .map(({ rows }) => toPage(rows.map(toEnrollment), limit, cursorOf)))
  }

  async #enroll(tx: Transaction, input: z.output<typeof enrollInput>): Promise<Result<Enrollment, EnrollRefusal>> {
    const enrolled = await enroll(tx, input)
    // Refusals hold no key: a course that is full and asked for all the time stays cached.
    if (enrolled.isOk()) this.#invalidate(tx, input.courseId, [input.userId])
    return enrolled
  }

  async #withdraw(tx: Transaction, { userId, courseId }: EnrollmentKey): Promise<Result<void, NotFound | NotEnrolled>> {
    const version = await lockedVersion(tx, courseId)
    if (version === undefined) return err(notFound('course', courseId))
    const { rows: [row] } = await tx.query<EnrollmentRow>(giveBackPlace, [userId, courseId])
    if (row === undefined) return err(notEnrolled)
    this.#invalidate(tx, courseId, [userId])
    tx.publish(enrollmentWithdrawn(toEnrollment(row), version))
    return ok(undefined)
  }

  async #transfer(tx: Transaction, { courseId, fromUserId, toUserId }: TransferRequest): Promise<Result<Enrollment, NotFound | NotEnrolled>> {
    const version = await lockedVersion(tx, courseId)
    if (version === undefined) return err(notFound('course', courseId))
    const { rows: [row] } = await tx.query<EnrollmentRow>(handOnPlace, [courseId, fromUserId, toUserId])
    if (row === undefined) return err(notEnrolled)
    this.#invalidate(tx, courseId, [fromUserId, toUserId])
    tx.publish(enrollmentTransferred(toEnrollment(row), version, fromUserId))
    return ok(toEnrollment(row))
  }

  async #recordProgress(tx: Transaction, { userId, courseId, progress }: z.output<typeof progressInput>): Promise<Result<Enrollment, NotEnrolled>> {
    const { rows: [row] } = await tx.query<CompletableRow>(updateProgress, [userId, courseId, progress])
    if (row === undefined) return err(notEnrolled)
    tx.invalidate(this.#context.caches.userEnrollments.key(userId))
    const enrollment = toEnrollment(row)
    if (row.completed_now) tx.publish(enrollmentCompleted(enrollment, row.version))
    return ok(enrollment)
  }

  #invalidate(tx: Transaction, courseId: number, userIds: readonly number[]): void {
    const { courses, courseStudents, userEnrollments } = this.#context.caches
    tx.invalidate(courses.key(courseId), courseStudents.key(courseId), ...userIds.map((id) => userEnrollments.key(id)))
  }
}

const notEnrolled: NotEnrolled = { type: 'not-enrolled', message: 'the user has no place in this course', retryable: false }

async function lockedVersion(tx: Transaction, courseId: number): Promise<string | undefined> {
  const { rows: [course] } = await tx.query<{ version: string }>(lockCourse, [courseId])
  return course?.version
}

function constraintRefusal<F extends { readonly type: string }>(failure: F, userId: number, courseId: number): F | AlreadyEnrolled | NotFound {
  if (isViolationOf(failure, 'enrollments_user_id_course_id_key')) return alreadyEnrolled
  if (isViolationOf(failure, 'enrollments_user_id_fkey')) return notFound('user', userId)
  if (isViolationOf(failure, 'enrollments_course_id_fkey')) return notFound('course', courseId)
  return failure
}

function after(enrollments: readonly Enrollment[], lastId: number | undefined): readonly Enrollment[] {
  return lastId === undefined ? enrollments : enrollments.filter((enrollment) => enrollment.id < lastId)
}

function cursorOf(last: Enrollment): string {
  return encodeCursor('enrollments', [last.id])
}

function withCourse(enrollment: Enrollment, courses: ReadonlyMap<number, Course>): EnrollmentWithCourse[] {
  const course = courses.get(enrollment.courseId)
  return course === undefined ? [] : [{ ...enrollment, course }]
}
