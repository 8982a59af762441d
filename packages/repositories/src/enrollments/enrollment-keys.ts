import type { CacheKey } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import type { EnrollmentKey } from './enrollment.ts'

/** Keys of everything cached that shows these enrollments, each once. */
export function enrollmentKeys(
  { courses, userEnrollments }: RepositoryCaches,
  enrollments: readonly EnrollmentKey[],
): CacheKey[] {
  const courseIds = new Set(enrollments.map(({ courseId }) => courseId))
  const userIds = new Set(enrollments.map(({ userId }) => userId))
  return [
    ...[...courseIds].map((id) => courses.key(id)),
    ...[...userIds].map((id) => userEnrollments.key(id)),
  ]
}
