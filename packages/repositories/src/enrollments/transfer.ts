import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { enrollmentTransferred } from './enrollment-events.ts'
import { enrollmentKeys } from './enrollment-keys.ts'
import { toEnrollment, transferSeat } from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import { notEnrolled } from './enrollment.ts'
import type { Enrollment, NotEnrolled, TransferRequest } from './enrollment.ts'

/** Transfers a seat within a transaction and publishes `enrollment.transferred`. */
export async function transfer(
  tx: Transaction,
  { courseId, fromUserId, toUserId }: TransferRequest,
  caches: RepositoryCaches,
): Promise<Result<Enrollment, NotFound | NotEnrolled>> {
  const version = await lockCourse(tx, courseId)
  if (version === undefined) return err(notFound('course', courseId))
  const {
    rows: [row],
  } = await tx.query<EnrollmentRow>(transferSeat, [courseId, fromUserId, toUserId])
  if (row === undefined) return err(notEnrolled)
  const userIds = [fromUserId, toUserId]
  tx.invalidate(
    ...enrollmentKeys(
      caches,
      userIds.map((userId) => ({ userId, courseId })),
    ),
  )
  tx.publish(enrollmentTransferred(toEnrollment(row), version, fromUserId))
  return ok(toEnrollment(row))
}
