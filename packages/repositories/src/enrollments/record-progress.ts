import { err, ok } from '@headwater/core'
import type { Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { enrollmentCompleted } from './enrollment-events.ts'
import { toEnrollment, updateProgress } from './enrollment-queries.ts'
import type { EnrollmentRow } from './enrollment-queries.ts'
import { notEnrolled } from './enrollment.ts'
import type { Enrollment, NotEnrolled, ProgressReport } from './enrollment.ts'

type CompletableRow = EnrollmentRow & { readonly completed_now: boolean; readonly version: string }

/**
 * Records progress within a transaction and publishes `enrollment.completed` the first time at 100.
 */
export async function recordProgress(
  tx: Transaction,
  { userId, courseId, progress }: ProgressReport,
  caches: RepositoryCaches,
): Promise<Result<Enrollment, NotEnrolled>> {
  const {
    rows: [row],
  } = await tx.query<CompletableRow>(updateProgress, [userId, courseId, progress])
  if (row === undefined) return err(notEnrolled)
  tx.invalidate(caches.userEnrollments.key(userId))
  const enrollment = toEnrollment(row)
  if (row.completed_now) tx.publish(enrollmentCompleted(enrollment, row.version))
  return ok(enrollment)
}
