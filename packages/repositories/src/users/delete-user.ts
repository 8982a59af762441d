import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { enrollmentWithdrawn } from '../enrollments/enrollment-events.ts'
import { toEnrollment } from '../enrollments/enrollment-queries.ts'
import type { EnrollmentRow } from '../enrollments/enrollment-queries.ts'
import {
  eraseUser,
  giveBackPlaces,
  lockCoursesOfUser,
  lockUser,
  pseudonymiseLetters,
} from './erasure-queries.ts'
import { newPseudonym } from './pseudonymise.ts'
import { userDeleted } from './user-events.ts'

interface GivenBack extends EnrollmentRow {
  readonly version: string
}

/**
 * Deletes a user within a transaction: gives back the places, publishes `enrollment.withdrawn` for
 * each and `user.deleted`, and puts a pseudonym in the place of the id in whatever of the user
 * waits in PostgreSQL. Courses are locked before the user, as everywhere.
 */
export async function deleteUser(
  tx: Transaction,
  id: number,
  caches: RepositoryCaches,
): Promise<Result<void, NotFound>> {
  await tx.query(lockCoursesOfUser, [id])
  const {
    rows: [user],
  } = await tx.query<{ version: string }>(lockUser, [id])
  if (user === undefined) return err(notFound('user', id))
  const pseudonym = newPseudonym()
  const { rows: places } = await tx.query<GivenBack>(giveBackPlaces, [id])
  tx.invalidate(caches.users.key(id), caches.userEnrollments.key(id))
  for (const { version, ...row } of places) {
    tx.invalidate(caches.courses.key(row.course_id), caches.courseStudents.key(row.course_id))
    tx.publish(enrollmentWithdrawn({ ...toEnrollment(row), userId: pseudonym }, version))
  }
  await tx.query(pseudonymiseLetters, [id, pseudonym])
  await tx.query(eraseUser, [id, pseudonym])
  tx.publish(userDeleted({ userId: id, pseudonym }, Number(user.version) + 1))
  return ok(undefined)
}
