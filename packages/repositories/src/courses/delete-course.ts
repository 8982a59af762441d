import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { courseDeleted } from './course-events.ts'
import { deleteCourseRow, deleteEnrollmentsOfCourse } from './course-queries.ts'
import { lockCourse } from './lock-course.ts'

/** Deletes a course and its enrollments within a transaction and publishes `course.deleted`. */
export async function deleteCourse(
  tx: Transaction,
  id: number,
  { courses, courseStudents, userEnrollments }: RepositoryCaches,
): Promise<Result<void, NotFound>> {
  const version = await lockCourse(tx, id)
  if (version === undefined) return err(notFound('course', id))
  const { rows } = await tx.query<{ user_id: number }>(deleteEnrollmentsOfCourse, [id])
  tx.invalidate(
    courses.key(id),
    courseStudents.key(id),
    ...rows.map((enrollment) => userEnrollments.key(enrollment.user_id)),
  )
  await tx.query(deleteCourseRow, [id])
  tx.publish(courseDeleted({ id, version: Number(version) + 1 }, rows.length))
  return ok(undefined)
}
