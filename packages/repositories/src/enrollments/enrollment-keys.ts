import type { CacheKey } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import type { EnrollmentKey } from './enrollment.ts'

/** Keys of everything cached that shows these enrollments, each once. */
export function enrollmentKeys(
  { courses, courseStudents, userEnrollments }: RepositoryCaches,
  enrollments: readonly EnrollmentKey[],
): CacheKey[] {
  const courseIds = new Set(enrollments.map(({ courseId }) => courseId))
  const userIds = new Set(enrollments.map(({ userId }) => userId))
  return [
    ...[...courseIds].flatMap((id) => [courses.key(id), courseStudents.key(id)]),
    ...[...userIds].map((id) => userEnrollments.key(id)),
  ]
}
