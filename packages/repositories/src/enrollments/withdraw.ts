import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { enrollmentWithdrawn } from './enrollment-events.ts'
import { enrollmentKeys } from './enrollment-keys.ts'
import { releaseSeat, toEnrollment } from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import { notEnrolled } from './enrollment.ts'
import type { EnrollmentKey, NotEnrolled } from './enrollment.ts'

/** Releases a user's seat within a transaction and publishes `enrollment.withdrawn`. */
export async function withdraw(
  tx: Transaction,
  key: EnrollmentKey,
  caches: RepositoryCaches,
): Promise<Result<void, NotFound | NotEnrolled>> {
  const version = await lockCourse(tx, key.courseId)
  if (version === undefined) return err(notFound('course', key.courseId))
  const {
    rows: [row],
  } = await tx.query<EnrollmentRow>(releaseSeat, [key.userId, key.courseId])
  if (row === undefined) return err(notEnrolled)
  tx.invalidate(...enrollmentKeys(caches, [key]))
  tx.publish(enrollmentWithdrawn(toEnrollment(row), version))
  return ok(undefined)
}
