import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryCaches } from '../context.ts'
import { enrollmentWithdrawn } from '../enrollments/enrollment-events.ts'
import { enrollmentKeys } from '../enrollments/enrollment-keys.ts'
import { toEnrollment } from '../enrollments/enrollment-queries.ts'
import type { EnrollmentRow } from '../enrollments/enrollment-queries.ts'
import {
  eraseUser,
  lockCoursesOfUser,
  lockUser,
  pseudonymiseLetters,
  releaseSeatsOfUser,
} from './erasure-queries.ts'
import { newPseudonym } from './pseudonymise.ts'
import { userDeleted } from './user-events.ts'

interface ReleasedSeat extends EnrollmentRow {
  /** Version of the course. */
  readonly version: string
}

/**
 * Deletes a user within a transaction: releases the seats, publishes `enrollment.withdrawn` for
 * each and `user.deleted`, and replaces the id by a pseudonym in everything of the user that waits
 * in PostgreSQL. Courses are locked before the user, as everywhere.
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
  const { rows: seats } = await tx.query<ReleasedSeat>(releaseSeatsOfUser, [id, pseudonym])
  tx.invalidate(caches.users.key(id), caches.userEnrollments.key(id))
  tx.invalidate(...enrollmentKeys(caches, seats.map(toEnrollment)))
  for (const { version, ...row } of seats)
    tx.publish(enrollmentWithdrawn({ ...toEnrollment(row), userId: pseudonym }, version, null))
  await tx.query(pseudonymiseLetters, [id, pseudonym])
  await tx.query(eraseUser, [id, pseudonym])
  tx.publish(userDeleted({ userId: id, pseudonym }, Number(user.version) + 1))
  return ok(undefined)
}
