import type { Db } from 'mongodb'
import type { Pool } from 'pg'
import { published } from './data.ts'

/** A course as it is stored. */
export async function courseRow(postgres: Pool, id: number): Promise<object | undefined> {
  const { rows } = await postgres.query<object>(
    'SELECT id, title, is_published FROM courses WHERE id = $1',
    [id],
  )
  return rows[0]
}

/** Takes back the publication of all drafts. */
export async function unpublishDrafts(postgres: Pool): Promise<void> {
  await postgres.query('UPDATE courses SET is_published = false WHERE id > $1', [published])
}

/** What is stored of the activity of one type of a user. */
export async function activityOf(
  mongodb: Db,
  { userId, type }: { readonly userId: number; readonly type: string },
): Promise<readonly object[]> {
  const documents = await mongodb
    .collection('user_activity')
    .find({ user_id: userId, event_type: type })
    .toArray()
  return documents.map(({ user_id, event_type, event_data }) => ({
    user_id: Number(user_id),
    event_type: event_type as unknown,
    event_data: event_data as unknown,
  }))
}
