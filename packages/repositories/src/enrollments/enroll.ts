import { err, invalidField, notFound, ok, subtractMoney } from '@headwater/core'
import type { InvalidInput, NotFound, Result, Transaction } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryCaches } from '../context.ts'
import { lockCourses } from '../courses/course-queries.ts'
import { takeSeats } from './enroll-queries.ts'
import type { RefusedRow, SeatRow, TakenRow } from './enroll-queries.ts'
import { enrollmentCreated } from './enrollment-events.ts'
import { enrollmentKeys } from './enrollment-keys.ts'
import { toEnrollment } from './enrollment-queries.ts'
import { publishLeft } from '../waitlist/leave-waitlist.ts'
import { alreadyEnrolled, courseNotPublished } from './enrollment.ts'
import type {
  AlreadyEnrolled,
  CourseFull,
  CourseNotPublished,
  Enrollment,
  enrollInput,
  PriceChanged,
} from './enrollment.ts'

/** The reason why a seat was refused. */
export type EnrollRefusal =
  NotFound | CourseNotPublished | AlreadyEnrolled | PriceChanged | InvalidInput | CourseFull

/** A request that was checked. */
export type ValidEnrollRequest = z.output<ReturnType<typeof enrollInput>>

/**
 * The answer to one request: a seat, a refusal, or `course-locked` when nothing was done because
 * another transaction locks the course.
 */
export type EnrollAnswer = Result<Enrollment, EnrollRefusal> | 'course-locked'

/** Input of {@link enrollAll}. */
export interface EnrollBatch {
  /** The requests, in order of arrival. */
  readonly requests: readonly ValidEnrollRequest[]
  /** Whether to wait for a course that another transaction locks, or to skip it. */
  readonly lockedCourses: 'wait' | 'skip'
}

/**
 * Takes a seat for each request within a transaction, as long as there are any. Locks the courses
 * in the order of their ids, takes the seats with one statement, publishes `enrollment.created` for
 * each and invalidates the keys that they change. Who was on the waiting list leaves it.
 *
 * Returns the answers in the order of the requests, as `Err` when no seat was taken and there is
 * nothing to commit. Two round trips, the first along with BEGIN.
 */
export async function enrollAll(
  tx: Transaction,
  batch: EnrollBatch,
  caches: RepositoryCaches,
): Promise<Result<EnrollAnswer[], EnrollAnswer[]>> {
  const courseIds = new Set(batch.requests.map((request) => request.courseId))
  const { rows } = await tx.query<{ id: number }>(lockCourses([...courseIds], batch.lockedCourses))
  const locked = new Set(rows.map((row) => row.id))
  const asking = batch.requests.filter((request) => locked.has(request.courseId))
  const seats = (asking.length === 0 ? [] : await seatsFor(tx, asking)).values()
  const answers = batch.requests.map((request): EnrollAnswer => {
    const seat = locked.has(request.courseId) ? seats.next().value : undefined
    if (seat !== undefined) return answerOf(tx, seat, request)
    if (batch.lockedCourses === 'skip') return 'course-locked'
    return err(notFound('course', request.courseId))
  })
  const taken = answers.flatMap((answer) =>
    answer !== 'course-locked' && answer.isOk() ? [answer.value] : [],
  )
  // A refusal holds no key: a full course that is asked for all the time stays cached.
  tx.invalidate(...enrollmentKeys(caches, taken))
  return taken.length > 0 ? ok(answers) : err(answers)
}

async function seatsFor(
  tx: Transaction,
  requests: readonly ValidEnrollRequest[],
): Promise<readonly SeatRow[]> {
  const { rows } = await tx.query<SeatRow>(takeSeats, [
    requests.map((request) => request.userId),
    requests.map((request) => request.courseId),
    requests.map((request) => request.payment?.discount ?? '0.00'),
    requests.map((request) => request.expectedPrice),
    requests.map((request) => request.payment?.method),
    requests.map((request) => request.payment?.currency),
    requests.map((request) => request.payment?.orderId),
  ])
  return rows
}

function answerOf(tx: Transaction, seat: SeatRow, request: ValidEnrollRequest): EnrollAnswer {
  return seat.refusal === null
    ? ok(publishEnrollment(tx, seat, request))
    : err(refusalOf(seat, request))
}

function publishEnrollment(
  tx: Transaction,
  seat: TakenRow,
  { payment }: ValidEnrollRequest,
): Enrollment {
  const enrollment = toEnrollment(seat)
  if (seat.place_id !== null)
    publishLeft(tx, [{ ...seat, id: seat.place_id }], { reason: 'enrolled', version: seat.version })
  const discount = payment?.discount ?? '0.00'
  const pricePaid = subtractMoney(seat.price, discount) ?? '0.00'
  tx.publish(
    enrollmentCreated(enrollment, seat.version, {
      method: payment?.method ?? null,
      pricePaid,
      discount,
      currency: payment?.currency ?? null,
      orderId: payment?.orderId ?? null,
    }),
  )
  return enrollment
}

function refusalOf(
  { refusal, price }: RefusedRow,
  { userId, courseId }: ValidEnrollRequest,
): EnrollRefusal {
  switch (refusal) {
    case 'no-user':
      return notFound('user', userId)
    case 'already-enrolled':
      return alreadyEnrolled
    case 'not-published':
      return courseNotPublished(courseId)
    case 'price-changed':
      return {
        type: 'price-changed',
        message: `the price of course ${courseId} is now ${price}`,
        retryable: false,
        price,
      }
    case 'discount-exceeds-price':
      return invalidField('payment.discount', 'must not be above the price')
    case 'full':
      return {
        type: 'course-full',
        message: `all seats of course ${courseId} are taken`,
        retryable: false,
      }
  }
}
