import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
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
import { publishLeft } from '../waitlist/leave-waitlist.ts'
import { passOn } from '../waitlist/pass-on.ts'
import { deletePlacesOfUser } from '../waitlist/waitlist-queries.ts'
import type { PlaceRow } from '../waitlist/waitlist-queries.ts'

interface ReleasedSeat extends EnrollmentRow {
  /** Version of the course. */
  readonly version: string
  /** Number of places on the course's waiting list. */
  readonly waitlist_length: number
}

/**
 * Deletes a user within a transaction: releases the seats and the places on waiting lists,
 * publishes `enrollment.withdrawn` or `waitlist.left` for each and `user.deleted`, and replaces the
 * id by a pseudonym in everything of the user that waits in PostgreSQL. Courses are locked before
 * the user, as everywhere.
 */
export async function deleteUser(
  tx: Transaction,
  id: number,
  context: RepositoryContext,
): Promise<Result<void, NotFound>> {
  await tx.query(lockCoursesOfUser, [id])
  const {
    rows: [user],
  } = await tx.query<{ version: string }>(lockUser, [id])
  if (user === undefined) return err(notFound('user', id))
  const pseudonym = newPseudonym()
  const { rows: seats } = await tx.query<ReleasedSeat>(releaseSeatsOfUser, [id, pseudonym])
  const { caches } = context
  tx.invalidate(caches.users.key(id), caches.userEnrollments.key(id))
  tx.invalidate(...enrollmentKeys(caches, seats.map(toEnrollment)))
  for (const { version, ...row } of seats)
    tx.publish(enrollmentWithdrawn({ ...toEnrollment(row), userId: pseudonym }, version, null))
  await endPlaces(tx, { id, pseudonym, seats }, context)
  await tx.query(pseudonymiseLetters, [id, pseudonym])
  await tx.query(eraseUser, [id, pseudonym])
  tx.publish(userDeleted({ userId: id, pseudonym }, Number(user.version) + 1))
  return ok(undefined)
}

/** Ends the places of the user, and passes on their seats and those that the user had. */
async function endPlaces(
  tx: Transaction,
  {
    id,
    pseudonym,
    seats,
  }: { readonly id: number; readonly pseudonym: number; readonly seats: readonly ReleasedSeat[] },
  context: RepositoryContext,
): Promise<void> {
  const { rows: places } = await tx.query<PlaceRow & { version: string }>(deletePlacesOfUser, [id])
  for (const { version, ...place } of places)
    publishLeft(tx, [{ ...place, user_id: pseudonym }], { reason: 'user-deleted', version })
  const freed = [...places, ...seats.filter((seat) => seat.waitlist_length > 0)]
  const courseIds = new Set(freed.map((row) => row.course_id))
  if (courseIds.size > 0) await passOn(tx, [...courseIds], context)
}
