import { randomInt } from 'node:crypto'
import type { MongodbDatabase } from '../activity/collections.ts'

/** A deleted user and the pseudonym. */
export interface ErasedUser {
  /** The id of the deleted user. */
  readonly userId: number
  /**
   * The negative number that replaces the id, the same everywhere: the activity of one person stays
   * that of one person.
   */
  readonly pseudonym: number
}

/** A random pseudonym; nothing about the user follows from it. */
export function newPseudonym(): number {
  return -randomInt(1, 2 ** 48 - 1)
}

/**
 * Replaces a user's id by the pseudonym in every collection, and removes address, browser and
 * referrer. May be repeated.
 */
export async function pseudonymise(
  database: MongodbDatabase,
  { userId, pseudonym }: ErasedUser,
): Promise<void> {
  const [own, renamed] = [{ user_id: userId }, { user_id: pseudonym }]
  const anonymous = {
    'metadata.ip_address': null,
    'metadata.user_agent': null,
    'metadata.referrer': null,
  }
  await database.collection('user_activity').updateMany(own, { $set: { ...renamed, ...anonymous } })
  await database.collection('search_logs').updateMany(own, { $set: renamed })
  await database.collection('enrollment_events').updateMany(own, { $set: renamed })
  const transferred = { event_type: 'enrollment.transferred', 'event_data.from_user_id': userId }
  await database
    .collection('enrollment_events')
    .updateMany(transferred, { $set: { 'event_data.from_user_id': pseudonym } })
}
