import { err, invalidInput, notFound, ok, subtractMoney } from '@headwater/core'
import type { InvalidInput, NotFound, Result, Transaction } from '@headwater/core'
import type { z } from 'zod'
import type { RepositoryCaches } from '../context.ts'
import { lockCourses } from '../courses/course-queries.ts'
import { takePlaces } from './enroll-queries.ts'
import type { PlaceRow, RefusedRow, TakenRow } from './enroll-queries.ts'
import { enrollmentCreated } from './enrollment-events.ts'
import { toEnrollment } from './enrollment-queries.ts'
import type {
  AlreadyEnrolled,
  CourseFull,
  CourseNotPublished,
  Enrollment,
  enrollInput,
} from './enrollment.ts'

/** Why a place was not given. */
export type EnrollRefusal =
  NotFound | CourseNotPublished | AlreadyEnrolled | InvalidInput | CourseFull

/** A request that was checked. */
export type ValidEnrollRequest = z.output<typeof enrollInput>

/**
 * What became of one request: a place, a refusal, or nothing yet, because somebody else keeps the
 * course.
 */
export type EnrollAnswer = Result<Enrollment, EnrollRefusal> | 'course-kept'

/** What {@link enrollAll} takes. */
export interface EnrollBatch {
  /** The requests, in order of arrival. */
  readonly requests: readonly ValidEnrollRequest[]
  /** Whether to wait for a course that somebody else keeps. */
  readonly isPatient: boolean
}

/**
 * Takes a place for each request, as long as there are any, within a transaction: locks the
 * courses, in the order of their ids, takes the places with one statement, publishes an
 * `enrollment.created` each and invalidates what they change. Gives back the answers in the order
 * of the requests; as `Err` when no place was taken and there is nothing to commit.
 *
 * Two round trips, the first along with BEGIN.
 */
export async function enrollAll(
  tx: Transaction,
  batch: EnrollBatch,
  caches: RepositoryCaches,
): Promise<Result<EnrollAnswer[], EnrollAnswer[]>> {
  const courseIds = new Set(batch.requests.map((request) => request.courseId))
  const { rows } = await tx.query<{ id: number }>(
    lockCourses([...courseIds], batch.isPatient ? 'wait' : 'skip'),
  )
  const locked = new Set(rows.map((row) => row.id))
  const asking = batch.requests.filter((request) => locked.has(request.courseId))
  const places = (asking.length === 0 ? [] : await placesFor(tx, asking)).values()
  const answers = batch.requests.map((request): EnrollAnswer => {
    const place = locked.has(request.courseId) ? places.next().value : undefined
    if (place !== undefined) return answerOf(tx, place, request)
    return batch.isPatient ? err(notFound('course', request.courseId)) : 'course-kept'
  })
  const taken = answers.flatMap((answer) =>
    answer !== 'course-kept' && answer.isOk() ? [answer.value] : [],
  )
  // Refusals hold no key: a course that is full and asked for all the time stays cached.
  tx.invalidate(...keysOf(taken, caches))
  return taken.length > 0 ? ok(answers) : err(answers)
}

/** The user has a place in the course already. */
export const alreadyEnrolled: AlreadyEnrolled = {
  type: 'already-enrolled',
  message: 'the user has a place in this course already',
  retryable: false,
}

async function placesFor(
  tx: Transaction,
  requests: readonly ValidEnrollRequest[],
): Promise<readonly PlaceRow[]> {
  const { rows } = await tx.query<PlaceRow>(takePlaces, [
    requests.map((request) => request.userId),
    requests.map((request) => request.courseId),
    requests.map((request) => request.payment?.discount ?? '0.00'),
  ])
  return rows
}

function answerOf(tx: Transaction, place: PlaceRow, request: ValidEnrollRequest): EnrollAnswer {
  return place.refusal === null
    ? ok(publishEnrollment(tx, place, request))
    : err(refusalOf(place, request))
}

function publishEnrollment(
  tx: Transaction,
  place: TakenRow,
  { payment }: ValidEnrollRequest,
): Enrollment {
  const enrollment = toEnrollment(place)
  const discount = payment?.discount ?? '0.00'
  const pricePaid = subtractMoney(place.price, discount) ?? '0.00'
  tx.publish(
    enrollmentCreated(enrollment, place.version, {
      method: payment?.method ?? null,
      pricePaid,
      discount,
    }),
  )
  return enrollment
}

function refusalOf(
  { refusal }: RefusedRow,
  { userId, courseId }: ValidEnrollRequest,
): EnrollRefusal {
  switch (refusal) {
    case 'no-user':
      return notFound('user', userId)
    case 'already-enrolled':
      return alreadyEnrolled
    case 'not-published':
      return {
        type: 'course-not-published',
        message: `course ${courseId} is not published`,
        retryable: false,
      }
    case 'discount-exceeds-price':
      return invalidInput([{ field: 'payment.discount', message: 'must not be above the price' }])
    case 'full':
      return {
        type: 'course-full',
        message: `all places of course ${courseId} are taken`,
        retryable: false,
      }
  }
}

function keysOf(
  taken: readonly Enrollment[],
  { courses, courseStudents, userEnrollments }: RepositoryCaches,
) {
  const courseIds = [...new Set(taken.map((enrollment) => enrollment.courseId))]
  return [
    ...courseIds.flatMap((id) => [courses.key(id), courseStudents.key(id)]),
    ...taken.map((enrollment) => userEnrollments.key(enrollment.userId)),
  ]
}
