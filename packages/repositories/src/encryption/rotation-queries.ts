import type { StoredMetadata } from '../activity/sealed/activity-sealing.ts'
import { profile } from '../users/user-queries.ts'

/** Users in the order of their ids. $1 id of the last one before, $2 number of them. */
export const selectUsersAfter = `
  SELECT ${profile}, sealed
  FROM @schema.users
  WHERE id > $1
  ORDER BY id
  LIMIT $2`

/**
 * Replaces the texts of users who have not changed since they were read. $1 ids, $2 versions, $3
 * emails or their blind indexes, $4 full names, $5 encrypted fields.
 */
export const replaceUserTexts = `
  UPDATE @schema.users
  SET email = new_email, full_name = new_full_name, sealed = new_sealed
  FROM unnest($1::integer[], $2::bigint[], $3::varchar[], $4::varchar[], $5::jsonb[]) AS change (
    user_id, known_version, new_email, new_full_name, new_sealed
  )
  WHERE id = user_id AND version = known_version
  RETURNING id`

/** Requests of registrations, as {@link selectUsersAfter} reads users. */
export const selectOriginsAfter = `
  SELECT user_id, ip_address, user_agent, referrer, sealed
  FROM @schema.user_origin
  WHERE user_id > $1
  ORDER BY user_id
  LIMIT $2`

/** $1 users, $2 addresses, $3 user agents, $4 referrers, $5 encrypted fields. */
export const replaceOrigins = `
  UPDATE @schema.user_origin AS origin
  SET ip_address = change.ip_address, user_agent = change.user_agent,
      referrer = change.referrer, sealed = change.sealed
  FROM unnest($1::integer[], $2::varchar[], $3::varchar[], $4::varchar[], $5::jsonb[]) AS change (
    user_id, ip_address, user_agent, referrer, sealed
  )
  WHERE origin.user_id = change.user_id
  RETURNING origin.user_id`

/** Activity that waits for MongoDB, in its order. $1 last seq before, $2 number of entries. */
export const selectSpillAfter = `
  SELECT seq::text AS seq, entry ->> 'id' AS id, entry -> 'metadata' AS metadata
  FROM @schema.activity_spill
  WHERE seq > $1::bigint AND entry ->> 'kind' = 'activity'
  ORDER BY seq
  LIMIT $2`

/** Replaces metadata that has not changed since it was read. $1 seqs, $2 as read, $3 new ones. */
export const replaceSpilledMetadata = `
  UPDATE @schema.activity_spill AS spill
  SET entry = jsonb_set(spill.entry, '{metadata}', change.metadata)
  FROM unnest($1::bigint[], $2::jsonb[], $3::jsonb[]) AS change (seq, known, metadata)
  WHERE spill.seq = change.seq AND spill.entry -> 'metadata' = change.known
  RETURNING spill.seq`

/** A row of {@link selectSpillAfter}. */
export interface SpilledMetadataRow {
  readonly seq: string
  readonly id: string
  readonly metadata: StoredMetadata
}
