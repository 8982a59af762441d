import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { enrollmentTransferred } from './enrollment-events.ts'
import { enrollmentKeys } from './enrollment-keys.ts'
import { toEnrollment, transferSeat } from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import { publishLeft } from '../waitlist/leave-waitlist.ts'
import { passOn } from '../waitlist/pass-on.ts'
import { deletePlace } from '../waitlist/waitlist-queries.ts'
import type { PlaceRow } from '../waitlist/waitlist-queries.ts'
import { notEnrolled } from './enrollment.ts'
import type { Enrollment, NotEnrolled, TransferRequest } from './enrollment.ts'

/**
 * Transfers a seat within a transaction and publishes `enrollment.transferred`. A receiver who was
 * on the waiting list leaves it.
 */
export async function transfer(
  tx: Transaction,
  { courseId, fromUserId, toUserId }: TransferRequest,
  context: RepositoryContext,
): Promise<Result<Enrollment, NotFound | NotEnrolled>> {
  const course = await lockCourse(tx, courseId)
  if (course === undefined) return err(notFound('course', courseId))
  const {
    rows: [row],
  } = await tx.query<EnrollmentRow>(transferSeat, [courseId, fromUserId, toUserId])
  if (row === undefined) return err(notEnrolled)
  const userIds = [fromUserId, toUserId]
  tx.invalidate(
    ...enrollmentKeys(
      context.caches,
      userIds.map((userId) => ({ userId, courseId })),
    ),
  )
  if (course.waitlist_length > 0) {
    const { rows: places } = await tx.query<PlaceRow>(deletePlace, [toUserId, courseId])
    publishLeft(tx, places, { reason: 'enrolled', version: course.version })
    await passOn(tx, [courseId], context)
  }
  tx.publish(enrollmentTransferred(toEnrollment(row), course.version, fromUserId))
  return ok(toEnrollment(row))
}
