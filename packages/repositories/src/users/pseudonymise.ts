import { randomInt } from 'node:crypto'
import type { MongodbDatabase } from '../activity/collections.ts'

/** A deleted user, and what stands for one from then on. */
export interface ErasedUser {
  /** Who it was. */
  readonly userId: number
  /**
   * Who it is now: a negative number, the same everywhere, so that what one person did is still one
   * person's.
   */
  readonly pseudonym: number
}

/** A pseudonym: nothing about the user follows from it. */
export function newPseudonym(): number {
  return -randomInt(1, 2 ** 48 - 1)
}

/**
 * Puts a user's pseudonym in the place of the id in every collection, and takes out what else says
 * who it was: address, browser, referrer. May be repeated.
 */
export async function pseudonymise(
  database: MongodbDatabase,
  { userId, pseudonym }: ErasedUser,
): Promise<void> {
  const [own, renamed] = [{ user_id: userId }, { user_id: pseudonym }]
  const nameless = {
    'metadata.ip_address': null,
    'metadata.user_agent': null,
    'metadata.referrer': null,
  }
  await database.collection('user_activity').updateMany(own, { $set: { ...renamed, ...nameless } })
  await database.collection('search_logs').updateMany(own, { $set: renamed })
  await database.collection('enrollment_events').updateMany(own, { $set: renamed })
  const handedOn = { event_type: 'enrollment.transferred', 'event_data.from_user_id': userId }
  await database
    .collection('enrollment_events')
    .updateMany(handedOn, { $set: { 'event_data.from_user_id': pseudonym } })
}
