import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { enrollmentWithdrawn } from '../enrollments/enrollment-events.ts'
import { enrollmentKeys } from '../enrollments/enrollment-keys.ts'
import {
  endEnrollmentsOfCourse,
  refundOf,
  toEnrollment,
} from '../enrollments/enrollment-queries.ts'
import type { EndedRow } from '../enrollments/enrollment-queries.ts'
import { publishLeft } from '../waitlist/leave-waitlist.ts'
import { deletePlacesOfCourse } from '../waitlist/waitlist-queries.ts'
import type { PlaceRow } from '../waitlist/waitlist-queries.ts'
import { courseDeleted } from './course-events.ts'
import { deleteCourseRow } from './course-queries.ts'
import { lockCourse } from './lock-course.ts'

/**
 * Deletes a course, its enrollments and its waiting list within a transaction. Publishes
 * `waitlist.left` for each place, `enrollment.withdrawn` for each enrollment, then
 * `course.deleted`.
 */
export async function deleteCourse(
  tx: Transaction,
  { id, refund }: { readonly id: number; readonly refund: 'full' | 'none' },
  caches: RepositoryCaches,
): Promise<Result<void, NotFound>> {
  const course = await lockCourse(tx, id)
  if (course === undefined) return err(notFound('course', id))
  const { version } = course
  const { rows } = await tx.query<EndedRow>(endEnrollmentsOfCourse, [id, refund === 'full'])
  tx.invalidate(caches.courses.key(id))
  tx.invalidate(...enrollmentKeys(caches, rows.map(toEnrollment)))
  if (course.waitlist_length > 0) {
    const { rows: places } = await tx.query<PlaceRow>(deletePlacesOfCourse, [id])
    publishLeft(tx, places, { reason: 'course-deleted', version })
  }
  await tx.query(deleteCourseRow, [id])
  for (const row of rows) tx.publish(enrollmentWithdrawn(toEnrollment(row), version, refundOf(row)))
  tx.publish(courseDeleted({ id, version: Number(version) + 1 }, rows.length))
  return ok(undefined)
}
