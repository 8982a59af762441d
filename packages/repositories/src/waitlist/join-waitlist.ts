import { err, notFound, ok } from '@headwater/core'
import type { Result, Transaction } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { alreadyEnrolled, courseNotPublished } from '../enrollments/enrollment.ts'
import type { EnrollmentKey } from '../enrollments/enrollment.ts'
import { onlyRow } from '../sql.ts'
import { passOn } from './pass-on.ts'
import { waitlistEvent } from './waitlist-events.ts'
import { insertPlace, toStanding } from './waitlist-queries.ts'
import type { JoinRow } from './waitlist-queries.ts'
import type { JoinWaitlistError, WaitlistStanding } from './waitlist.ts'

/**
 * Adds a user at the end of a waiting list within a transaction and publishes `waitlist.joined`.
 * Offers that have ended are passed on first: one may be the user's own.
 */
export async function joinWaitlist(
  tx: Transaction,
  { userId, courseId }: EnrollmentKey,
  context: RepositoryContext,
): Promise<Result<WaitlistStanding, JoinWaitlistError>> {
  const course = await lockCourse(tx, courseId)
  if (course === undefined) return err(notFound('course', courseId))
  if (course.waitlist_length > 0) await passOn(tx, [courseId], context)
  const { maxLength } = context.waitlist
  const { rows } = await tx.query<JoinRow>(insertPlace, [userId, courseId, maxLength])
  const row = onlyRow(rows)
  if (row.refusal !== null) return err(refusalOf(row.refusal, { userId, courseId }))
  const payload = { placeId: row.id, userId, courseId }
  tx.publish(waitlistEvent({ type: 'joined', payload }, course.version))
  return ok(toStanding(row))
}

function refusalOf(
  refusal: NonNullable<JoinRow['refusal']>,
  { userId, courseId }: EnrollmentKey,
): JoinWaitlistError {
  switch (refusal) {
    case 'no-user':
      return notFound('user', userId)
    case 'already-enrolled':
      return alreadyEnrolled
    case 'not-published':
      return courseNotPublished(courseId)
    case 'already-waiting':
      return {
        type: 'already-waiting',
        message: 'the user already is on the waiting list of this course',
        retryable: false,
      }
    case 'seats-available':
      return {
        type: 'seats-available',
        message: `course ${courseId} has a free seat: enroll`,
        retryable: false,
      }
    case 'waitlist-full':
      return {
        type: 'waitlist-full',
        message: `the waiting list of course ${courseId} is full`,
        retryable: false,
      }
  }
}
