import { err, notFound, ok } from '@headwater/core'
import type { NotFound, Result, Transaction } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { lockCourse } from '../courses/lock-course.ts'
import type { EnrollmentKey } from '../enrollments/enrollment.ts'
import { passOn } from './pass-on.ts'
import { waitlistEvent } from './waitlist-events.ts'
import type { WaitlistLeftPayload } from './waitlist-events.ts'
import { deletePlace } from './waitlist-queries.ts'
import type { PlaceRow } from './waitlist-queries.ts'
import { notWaiting } from './waitlist.ts'
import type { NotWaiting } from './waitlist.ts'

/** Ends a user's place within a transaction, and passes its seat on if it holds one. */
export async function leaveWaitlist(
  tx: Transaction,
  key: EnrollmentKey,
  context: RepositoryContext,
): Promise<Result<void, NotFound | NotWaiting>> {
  const course = await lockCourse(tx, key.courseId)
  if (course === undefined) return err(notFound('course', key.courseId))
  const { rows } = await tx.query<PlaceRow>(deletePlace, [key.userId, key.courseId])
  if (rows.length === 0) return err(notWaiting)
  publishLeft(tx, rows, { reason: 'left', version: course.version })
  await passOn(tx, [key.courseId], context)
  return ok(undefined)
}

/** Publishes `waitlist.left` for each of these places, which were deleted. */
export function publishLeft(
  tx: Transaction,
  places: readonly Pick<PlaceRow, 'id' | 'user_id' | 'course_id'>[],
  { reason, version }: { readonly reason: WaitlistLeftPayload['reason']; readonly version: string },
): void {
  for (const { id: placeId, user_id: userId, course_id: courseId } of places) {
    const payload = { placeId, userId, courseId, reason }
    tx.publish(waitlistEvent({ type: 'left', payload }, version))
  }
}
