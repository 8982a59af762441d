import type { Transaction } from '@headwater/core'
import type { RepositoryContext } from '../context.ts'
import { waitlistEvent } from './waitlist-events.ts'
import type { WaitlistEvent } from './waitlist-events.ts'
import { passOnSeats } from './waitlist-queries.ts'
import type { PassedOnRow } from './waitlist-queries.ts'

/**
 * Ends offers whose time is over, and offers every free seat of these courses to those who wait the
 * longest, within the transaction that has locked the courses. It publishes `waitlist.lapsed`,
 * `waitlist.revoked` and `waitlist.offered`. One round trip.
 */
export async function passOn(
  tx: Transaction,
  courseIds: readonly number[],
  { caches, waitlist: { offerMs } }: Pick<RepositoryContext, 'caches' | 'waitlist'>,
): Promise<void> {
  const { rows } = await tx.query<PassedOnRow>(passOnSeats, [courseIds, offerMs])
  for (const row of rows)
    if (row.state !== 'counted') tx.publish(waitlistEvent(eventOf(row), row.version))
  const changed = new Set(rows.map((row) => row.course_id))
  tx.invalidate(...[...changed].map((id) => caches.courses.key(id)))
}

function eventOf(row: Exclude<PassedOnRow, { readonly state: 'counted' }>): WaitlistEvent {
  const payload = { placeId: row.id, userId: row.user_id, courseId: row.course_id }
  if (row.state !== 'offered') return { type: row.state, payload }
  const offerEndsAt = new Date(row.offer_ends_at).toISOString()
  return { type: 'offered', payload: { ...payload, offerEndsAt } }
}
