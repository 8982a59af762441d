import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type * as z from 'zod'
import type { RepositoryCaches } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { enrollmentWithdrawn } from './enrollment-events.ts'
import { enrollmentKeys } from './enrollment-keys.ts'
import { refundOf, releaseSeat, toEnrollment } from './enrollment-queries.ts'
import type { EndedRow } from './enrollment-queries.ts'
import { notEnrolled } from './enrollment.ts'
import type { NotEnrolled, withdrawInput } from './enrollment.ts'

/** Releases a user's seat within a transaction and publishes `enrollment.withdrawn`. */
export async function withdraw(
  tx: Transaction,
  request: z.output<typeof withdrawInput>,
  caches: RepositoryCaches,
): Promise<Result<void, NotFound | NotEnrolled>> {
  const version = await lockCourse(tx, request.courseId)
  if (version === undefined) return err(notFound('course', request.courseId))
  const {
    rows: [row],
  } = await tx.query<EndedRow>(releaseSeat, [request.userId, request.courseId, request.refund])
  if (row === undefined) return err(notEnrolled)
  tx.invalidate(...enrollmentKeys(caches, [request]))
  tx.publish(enrollmentWithdrawn(toEnrollment(row), version, refundOf(row)))
  return ok(undefined)
}
