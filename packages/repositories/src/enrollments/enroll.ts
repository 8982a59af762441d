import { err, ok } from '@headwater/core'
import type { InvalidInput, NotFound, Result, Transaction } from '@headwater/core'
import type { z } from 'zod'
import { invalidInput } from '../input.ts'
import { subtractMoney } from '../money.ts'
import { notFound } from '../refusals.ts'
import { enrollmentCreated } from './enrollment-events.ts'
import { explainRefusal, takePlace, toEnrollment } from './enrollment-queries.ts'
import type { PlaceRow, RefusalRow } from './enrollment-queries.ts'
import type { AlreadyEnrolled, CourseFull, CourseNotPublished, Enrollment, enrollInput } from './enrollment.ts'

/**
 * Why a place was not given.
 */
export type EnrollRefusal = NotFound | CourseNotPublished | AlreadyEnrolled | InvalidInput | CourseFull

type ValidRequest = z.output<typeof enrollInput>

/**
 * Takes a place in a course within a transaction and publishes `enrollment.created`.
 */
export async function enroll(tx: Transaction, request: ValidRequest): Promise<Result<Enrollment, EnrollRefusal>> {
  const values = [request.userId, request.courseId, request.payment?.discount ?? '0.00']
  const { rows: [place] } = await tx.query<PlaceRow>(takePlace, values)
  if (place !== undefined) return ok(publishEnrollment(tx, place, request))
  const { rows: [refusal] } = await tx.query<RefusalRow>(explainRefusal, values)
  return err(refusalOf(refusal, request))
}

/**
 * The user has a place in the course already.
 */
export const alreadyEnrolled: AlreadyEnrolled = { type: 'already-enrolled', message: 'the user has a place in this course already', retryable: false }

function publishEnrollment(tx: Transaction, place: PlaceRow, { payment }: ValidRequest): Enrollment {
  const enrollment = toEnrollment(place)
  const discount = payment?.discount ?? '0.00'
  const pricePaid = subtractMoney(place.price, discount) ?? '0.00'
  tx.publish(enrollmentCreated(enrollment, place.version, { method: payment?.method ?? null, pricePaid, discount }))
  return enrollment
}

function refusalOf(row: RefusalRow | undefined, { userId, courseId }: ValidRequest): EnrollRefusal {
  if (row?.course_exists !== true) return notFound('course', courseId)
  if (!row.user_exists) return notFound('user', userId)
  if (row.is_enrolled) return alreadyEnrolled
  if (row.is_published !== true) return { type: 'course-not-published', message: `course ${courseId} is not published`, retryable: false }
  if (row.discount_exceeds_price === true) return invalidInput([{ field: 'payment.discount', message: 'must not be above the price' }])
  // A place that came free in between makes the refusal one that may not last.
  return { type: 'course-full', message: `all places of course ${courseId} are taken`, retryable: row.is_full !== true }
}
