import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type * as z from 'zod/mini'
import type { RepositoryContext } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import { enrollmentWithdrawn } from './enrollment-events.ts'
import { enrollmentKeys } from './enrollment-keys.ts'
import { passOn } from '../waitlist/pass-on.ts'
import { refundOf, releaseSeat, toEnrollment } from './enrollment-queries.ts'
import type { EndedRow } from './enrollment-queries.ts'
import { notEnrolled } from './enrollment.ts'
import type { NotEnrolled, withdrawInput } from './enrollment.ts'

/**
 * Releases a user's seat within a transaction and publishes `enrollment.withdrawn`. The seat is
 * offered to whoever waits the longest.
 */
export async function withdraw(
  tx: Transaction,
  request: z.output<ReturnType<typeof withdrawInput>>,
  context: RepositoryContext,
): Promise<Result<void, NotFound | NotEnrolled>> {
  const course = await lockCourse(tx, request.courseId)
  if (course === undefined) return err(notFound('course', request.courseId))
  const {
    rows: [row],
  } = await tx.query<EndedRow>(releaseSeat, [request.userId, request.courseId, request.refund])
  if (row === undefined) return err(notEnrolled)
  tx.invalidate(...enrollmentKeys(context.caches, [request]))
  tx.publish(enrollmentWithdrawn(toEnrollment(row), course.version, refundOf(row)))
  if (course.waitlist_length > 0) await passOn(tx, [request.courseId], context)
  return ok(undefined)
}
