import { err, notFound, ok, ResultAsync, validate } from '@headwater/core'
import type { CallOptions, NotFound, ReadOptions, Result, Transaction } from '@headwater/core'
import type { z } from 'zod'
import type { RepositoryContext } from '../context.ts'
import { lockCourses } from '../courses/course-queries.ts'
import type { Course } from '../courses/course.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page, PageOptions } from '../page.ts'
import { read, write } from '../sql.ts'
import { constraintRefusal, runBatch } from './enroll-batch.ts'
import {
  enrollmentCompleted,
  enrollmentTransferred,
  enrollmentWithdrawn,
} from './enrollment-events.ts'
import {
  giveBackPlace,
  handOnPlace,
  selectEnrollmentPage,
  toEnrollment,
  updateProgress,
} from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import {
  courseEnrollmentsInput,
  enrollInput,
  enrollmentKeyInput,
  progressInput,
  transferInput,
  userEnrollmentsInput,
} from './enrollment.ts'
import type {
  Enrollment,
  EnrollError,
  EnrollmentKey,
  EnrollmentWithCourse,
  EnrollRequest,
  ListEnrollmentsError,
  NotEnrolled,
  ProgressError,
  ProgressReport,
  ReadEnrollmentsError,
  TransferError,
  TransferRequest,
  WithdrawError,
} from './enrollment.ts'
import { checkEnrollmentOptions } from './enrollment-options.ts'
import type { EnrollmentOptions } from './enrollment-options.ts'
import { EnrollmentQueue } from './enrollment-queue.ts'

type CompletableRow = EnrollmentRow & { readonly completed_now: boolean; readonly version: string }

/**
 * Enrollments: who has a place in which course. Every change of who is in a course locks the
 * course's row first, so that changes of one course wait for each other and never block each other
 * for good.
 */
export class EnrollmentRepository {
  readonly #context: RepositoryContext
  readonly #queue: EnrollmentQueue

  /** @internal */
  constructor(context: RepositoryContext, options: EnrollmentOptions = {}) {
    this.#context = context
    this.#queue = new EnrollmentQueue({
      run: (batch) => runBatch(context, batch),
      clock: context.stores.clock,
      options: checkEnrollmentOptions(options),
    })
    context.stores.beforeClose(() => this.#queue.drained())
  }

  /**
   * Takes a place: the course's publication and capacity are checked, the place counted, the row
   * inserted and `enrollment.created` published in one transaction; however many ask at once, in
   * however many processes, no place is given twice. The course, its students and the user's
   * enrollments are never served as they were before.
   *
   * Those who ask at the same time share a transaction: places are given in the order of the calls,
   * and each caller has an own result, whatever becomes of the others. At the deadline, 5 seconds
   * unless said otherwise, and when `signal` is given, the result is `deadline-exceeded`: its
   * message says whether the place may still be taken, and to ask again is safe (`already-enrolled`
   * tells that it was).
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis, shared by up to some 50 callers; a refusal none
   * of Redis.
   */
  enroll(request: EnrollRequest, options?: CallOptions): ResultAsync<Enrollment, EnrollError> {
    return validate(enrollInput, request).asyncAndThen(
      (input) => new ResultAsync(this.#queue.add(input, options)),
    )
  }

  /**
   * Gives a place back and publishes `enrollment.withdrawn`. Costs 3 PostgreSQL round trips and 2
   * of Redis.
   */
  withdraw(enrollment: EnrollmentKey): ResultAsync<void, WithdrawError> {
    return validate(enrollmentKeyInput, enrollment).asyncAndThen((key) =>
      write(this.#context.stores, (tx) => this.#withdraw(tx, key)),
    )
  }

  /**
   * Hands a place on to another user, who starts afresh, and publishes `enrollment.transferred`;
   * fails, changing nothing, when the giver has no place or the receiver already has one. Works in
   * unpublished courses too: the number of students stays the same.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis.
   */
  transfer(request: TransferRequest): ResultAsync<Enrollment, TransferError> {
    return validate(transferInput, request).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => this.#transfer(tx, input)).mapErr((failure) =>
        constraintRefusal(failure, { userId: input.toUserId, courseId: input.courseId }),
      ),
    )
  }

  /**
   * Records how far a student has come. The first time it is 100, the completion time is set and
   * `enrollment.completed` published; it stays when progress is set back. Costs 3 PostgreSQL round
   * trips and 2 of Redis.
   */
  recordProgress(report: ProgressReport): ResultAsync<Enrollment, ProgressError> {
    return validate(progressInput, report).asyncAndThen((input) =>
      write(this.#context.stores, (tx) => this.#recordProgress(tx, input)),
    )
  }

  /**
   * Whether a user has a place in a course. A hit costs 1 Redis round trip, with `tx` 1 of
   * PostgreSQL.
   */
  isEnrolled(
    enrollment: EnrollmentKey,
    options?: ReadOptions,
  ): ResultAsync<boolean, ReadEnrollmentsError> {
    return validate(enrollmentKeyInput, enrollment).asyncAndThen(({ userId, courseId }) =>
      this.#context.caches.userEnrollments
        .get(userId, options)
        .map((enrollments = []) => enrollments.some((item) => item.courseId === courseId)),
    )
  }

  /**
   * Lists a user's enrollments with their courses, newest first; empty for a user who does not
   * exist. A hit costs 2 Redis round trips: the list, and all courses together.
   */
  listForUser(
    userId: number,
    { tx, ...page }: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<EnrollmentWithCourse>, ReadEnrollmentsError> {
    const { userEnrollments, courses } = this.#context.caches
    const options: ReadOptions = tx === undefined ? {} : { tx }
    return validate(userEnrollmentsInput, { ...page, userId }).asyncAndThen(({ cursor, limit }) =>
      userEnrollments
        .get(userId, options)
        .map((enrollments = []) =>
          toPage(after(enrollments, cursor?.[1]), limit, (last) =>
            encodeCursor('enrollments-of-user', [userId, last.id]),
          ),
        )
        .andThen((found) =>
          courses
            .getMany(
              found.items.map((item) => item.courseId),
              options,
            )
            .map((byId) => ({
              ...found,
              items: found.items.flatMap((item) => withCourse(item, byId)),
            })),
        ),
    )
  }

  /**
   * Lists a course's enrollments, newest first; empty for a course that does not exist. Not cached:
   * 1 PostgreSQL round trip.
   */
  listForCourse(
    courseId: number,
    { tx, ...page }: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<Enrollment>, ListEnrollmentsError> {
    return validate(courseEnrollmentsInput, { ...page, courseId }).asyncAndThen(
      ({ cursor, limit }) =>
        read<EnrollmentRow>(
          this.#context.stores,
          [selectEnrollmentPage, [courseId, cursor?.[1], limit + 1]],
          tx,
        ).map(({ rows }) =>
          toPage(rows.map(toEnrollment), limit, (last) =>
            encodeCursor('enrollments-of-course', [courseId, last.id]),
          ),
        ),
    )
  }

  async #withdraw(
    tx: Transaction,
    { userId, courseId }: EnrollmentKey,
  ): Promise<Result<void, NotFound | NotEnrolled>> {
    const version = await lockedVersion(tx, courseId)
    if (version === undefined) return err(notFound('course', courseId))
    const {
      rows: [row],
    } = await tx.query<EnrollmentRow>(giveBackPlace, [userId, courseId])
    if (row === undefined) return err(notEnrolled)
    this.#invalidate(tx, courseId, [userId])
    tx.publish(enrollmentWithdrawn(toEnrollment(row), version))
    return ok(undefined)
  }

  async #transfer(
    tx: Transaction,
    { courseId, fromUserId, toUserId }: TransferRequest,
  ): Promise<Result<Enrollment, NotFound | NotEnrolled>> {
    const version = await lockedVersion(tx, courseId)
    if (version === undefined) return err(notFound('course', courseId))
    const {
      rows: [row],
    } = await tx.query<EnrollmentRow>(handOnPlace, [courseId, fromUserId, toUserId])
    if (row === undefined) return err(notEnrolled)
    this.#invalidate(tx, courseId, [fromUserId, toUserId])
    tx.publish(enrollmentTransferred(toEnrollment(row), version, fromUserId))
    return ok(toEnrollment(row))
  }

  async #recordProgress(
    tx: Transaction,
    { userId, courseId, progress }: z.output<typeof progressInput>,
  ): Promise<Result<Enrollment, NotEnrolled>> {
    const {
      rows: [row],
    } = await tx.query<CompletableRow>(updateProgress, [userId, courseId, progress])
    if (row === undefined) return err(notEnrolled)
    tx.invalidate(this.#context.caches.userEnrollments.key(userId))
    const enrollment = toEnrollment(row)
    if (row.completed_now) tx.publish(enrollmentCompleted(enrollment, row.version))
    return ok(enrollment)
  }

  #invalidate(tx: Transaction, courseId: number, userIds: readonly number[]): void {
    const { courses, courseStudents, userEnrollments } = this.#context.caches
    tx.invalidate(
      courses.key(courseId),
      courseStudents.key(courseId),
      ...userIds.map((id) => userEnrollments.key(id)),
    )
  }
}

const notEnrolled: NotEnrolled = {
  type: 'not-enrolled',
  message: 'the user has no place in this course',
  retryable: false,
}

async function lockedVersion(tx: Transaction, courseId: number): Promise<string | undefined> {
  const {
    rows: [course],
  } = await tx.query<{ version: string }>(lockCourses([courseId], 'wait'))
  return course?.version
}

function after(
  enrollments: readonly Enrollment[],
  lastId: number | undefined,
): readonly Enrollment[] {
  return lastId === undefined
    ? enrollments
    : enrollments.filter((enrollment) => enrollment.id < lastId)
}

function withCourse(
  enrollment: Enrollment,
  courses: ReadonlyMap<number, Course>,
): EnrollmentWithCourse[] {
  const course = courses.get(enrollment.courseId)
  return course === undefined ? [] : [{ ...enrollment, course }]
}
