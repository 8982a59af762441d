import { invalidField, isViolationOf, ResultAsync, validate } from '@headwater/core'
import type { CallOptions, ReadOptions } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { encodeCursor, toPage } from '../page.ts'
import type { Page, PageOptions } from '../page.ts'
import { readList, write } from '../sql.ts'
import type { ListReadOptions } from '../sql.ts'
import { splitOptions } from '../split-options.ts'
import { constraintRefusal, runBatch } from './enroll-batch.ts'
import { selectEnrollmentPage, toEnrollment } from './enrollment-queries.ts'
import type { EnrollmentPageRow } from './enrollment-queries.ts'
import {
  courseEnrollmentsInput,
  enrollInput,
  enrollmentKeyInput,
  progressInput,
  transferInput,
  userEnrollmentsInput,
  withdrawInput,
} from './enrollment.ts'
import type {
  Enrollment,
  EnrollError,
  EnrollmentKey,
  EnrollmentWithCourse,
  EnrollRequest,
  ListEnrollmentsError,
  ProgressError,
  ProgressReport,
  ReadEnrollmentsError,
  TransferError,
  TransferRequest,
  WithdrawError,
  WithdrawRequest,
} from './enrollment.ts'
import { checkEnrollmentOptions } from './enrollment-options.ts'
import type { EnrollmentOptions } from './enrollment-options.ts'
import { EnrollmentQueue } from './enrollment-queue.ts'
import { UserEnrollments } from './user-enrollments.ts'
import { recordProgress } from './record-progress.ts'
import { transfer } from './transfer.ts'
import { withdraw } from './withdraw.ts'

/**
 * Seats of users in courses. Every change of a course's enrollments locks the course's row first,
 * so changes of one course wait for each other and never deadlock.
 */
export class EnrollmentRepository {
  readonly #context: RepositoryContext
  readonly #queue: EnrollmentQueue
  readonly #listed: UserEnrollments

  /** @internal */
  constructor(context: RepositoryContext, options: EnrollmentOptions = {}) {
    this.#context = context
    this.#listed = new UserEnrollments(context.caches)
    this.#queue = new EnrollmentQueue({
      run: (batch) => runBatch(context, batch),
      clock: context.stores.clock,
      options: checkEnrollmentOptions(options),
    })
    context.stores.beforeClose(() => this.#queue.drained())
  }

  /**
   * Takes a seat: in one transaction the course's publication and capacity are checked, the seat is
   * counted, the row is inserted and `enrollment.created` is published. No seat is taken twice,
   * however many callers in however many processes ask at once. A seat that is offered to a user of
   * the waiting list goes to that user only. The course, its students and the user's enrollments
   * are never served as they were before.
   *
   * Simultaneous callers share a transaction: seats go in the order of the calls, and each caller
   * has a result of its own, whatever becomes of the others. At the deadline (5 seconds by default)
   * or when `signal` is aborted, the result is `deadline-exceeded`. Its message says whether the
   * seat may still be taken; it is safe to enroll again, and `already-enrolled` then tells that the
   * seat was taken.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis, shared by up to some 50 callers; a refusal costs
   * none of Redis.
   */
  enroll(request: EnrollRequest, options?: CallOptions): ResultAsync<Enrollment, EnrollError> {
    return validate(enrollInput(), request).asyncAndThen(
      (input) => new ResultAsync(this.#queue.add(input, options)),
    )
  }

  /**
   * Releases a seat and publishes `enrollment.withdrawn` with the refund, which is the price paid
   * unless the request names another amount. PostgreSQL keeps the payment and the refund. The seat
   * is offered to whoever waits the longest.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis; one more of PostgreSQL where anyone waits.
   */
  withdraw(request: WithdrawRequest, options?: CallOptions): ResultAsync<void, WithdrawError> {
    const { stores } = this.#context
    return validate(withdrawInput(), request).asyncAndThen((input) =>
      write(stores, (tx) => withdraw(tx, input, this.#context), options).mapErr(tooLargeRefund),
    )
  }

  /**
   * Transfers a seat to another user, who starts from zero, and publishes `enrollment.transferred`.
   * Fails without a change when the giver has no seat or the receiver already has one. Works in
   * unpublished courses too: the number of students stays the same. A receiver who was on the
   * waiting list leaves it; others who wait are passed over, since the seat was never free.
   *
   * Costs 3 PostgreSQL round trips and 2 of Redis; 2 more of PostgreSQL where anyone waits.
   */
  transfer(
    request: TransferRequest,
    options?: CallOptions,
  ): ResultAsync<Enrollment, TransferError> {
    const { stores } = this.#context
    return validate(transferInput(), request).asyncAndThen((input) =>
      write(stores, (tx) => transfer(tx, input, this.#context), options).mapErr((failure) =>
        constraintRefusal(failure, { userId: input.toUserId, courseId: input.courseId }),
      ),
    )
  }

  /**
   * Records a student's progress. The first time it is 100, the completion time is set and
   * `enrollment.completed` is published; the time stays when progress goes back later. Costs 2
   * PostgreSQL round trips and 2 of Redis.
   */
  recordProgress(
    report: ProgressReport,
    options?: CallOptions,
  ): ResultAsync<Enrollment, ProgressError> {
    const { stores, caches } = this.#context
    return validate(progressInput(), report).asyncAndThen((input) =>
      write(stores, (tx) => recordProgress(tx, input, caches), options),
    )
  }

  /**
   * Whether a user has a seat in a course. A hit costs 1 Redis round trip; with `tx` 1 of
   * PostgreSQL.
   */
  isEnrolled(
    enrollment: EnrollmentKey,
    options?: ReadOptions,
  ): ResultAsync<boolean, ReadEnrollmentsError> {
    return this.get(enrollment, options).map((found) => found !== undefined)
  }

  /**
   * Reads a user's enrollment in a course; `undefined` when the user has no seat in it. A hit costs
   * 1 Redis round trip; with `tx` 1 of PostgreSQL.
   */
  get(
    enrollment: EnrollmentKey,
    options?: ReadOptions,
  ): ResultAsync<Enrollment | undefined, ReadEnrollmentsError> {
    return validate(enrollmentKeyInput(), enrollment).asyncAndThen(({ userId, courseId }) =>
      this.#context.caches.userEnrollments
        .get(userId, options)
        .map((enrollments = []) => enrollments.find((item) => item.courseId === courseId)),
    )
  }

  /**
   * Lists a user's enrollments with their courses, newest first; empty for a user who does not
   * exist. A hit costs 2 Redis round trips: the list, and all courses together; 1 where this
   * process has read the list of late, since it then asks for the courses of that time at once.
   */
  listForUser(
    userId: number,
    options: PageOptions & ReadOptions = {},
  ): ResultAsync<Page<EnrollmentWithCourse>, ReadEnrollmentsError> {
    const { call, asked } = splitOptions(options, 'tx', 'signal')
    return validate(userEnrollmentsInput(), { ...asked, userId }).asyncAndThen((page) =>
      this.#listed.list(page, call),
    )
  }

  /**
   * Lists a course's enrollments, newest first; empty for a course that does not exist. Not cached:
   * 1 PostgreSQL round trip, of a replica where `freshness` allows it.
   */
  listForCourse(
    courseId: number,
    options: PageOptions & ListReadOptions = {},
  ): ResultAsync<Page<Enrollment>, ListEnrollmentsError> {
    const { call, asked } = splitOptions(options, 'tx', 'signal', 'freshness')
    return validate(courseEnrollmentsInput(), { ...asked, courseId }).asyncAndThen(
      ({ cursor, limit }) =>
        readList<EnrollmentPageRow>(
          this.#context.stores,
          [selectEnrollmentPage, [courseId, cursor?.[1], cursor?.[2], limit + 1]],
          call,
        )
          .map(({ rows }) =>
            toPage(rows, limit, (last) =>
              encodeCursor('enrollments-of-course', [courseId, last.enrolled_us, last.id]),
            ),
          )
          .map((page) => ({ ...page, items: page.items.map(toEnrollment) })),
    )
  }
}

function tooLargeRefund<Failure extends { readonly type: string }>(failure: Failure) {
  return isViolationOf(failure, 'enrollment_ended_refunded_check')
    ? invalidField('refund', 'must not be above the price paid')
    : failure
}
