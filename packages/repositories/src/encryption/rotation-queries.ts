import { profile } from '../users/user-queries.ts'

/** Users in the order of their ids. $1 id of the last one before, $2 number of them. */
export const selectUsersAfter = `
  SELECT ${profile}
  FROM @schema.users
  WHERE id > $1
  ORDER BY id
  LIMIT $2`

/** Keeps users from changing meanwhile. $1 ids. */
export const lockUsers = `
  SELECT ${profile}
  FROM @schema.users
  WHERE id = ANY ($1::integer[])
  ORDER BY id
  FOR NO KEY UPDATE`

/**
 * Replaces the texts of users, those left out whose address another row has in its other form. $1
 * ids, $2 emails or their blind indexes, $3 full names, $4 encrypted fields.
 */
export const replaceUserTexts = `
  UPDATE @schema.users
  SET email = new_email, full_name = new_full_name, sealed = new_sealed
  FROM unnest($1::integer[], $2::varchar[], $3::varchar[], $4::jsonb[]) AS change (
    user_id, new_email, new_full_name, new_sealed
  )
  WHERE id = user_id AND NOT EXISTS (
    SELECT FROM @schema.users AS known
    WHERE lower(known.email COLLATE "C") = lower(new_email COLLATE "C") AND known.id <> user_id
    OFFSET 0
  )
  RETURNING id AS place`

/** Requests of registrations, as {@link selectUsersAfter} reads users. */
export const selectOriginsAfter = `
  SELECT user_id, ip_address, user_agent, referrer, sealed
  FROM @schema.user_origin
  WHERE user_id > $1
  ORDER BY user_id
  LIMIT $2`

/** $1 users. */
export const lockOrigins = `
  SELECT user_id, ip_address, user_agent, referrer, sealed
  FROM @schema.user_origin
  WHERE user_id = ANY ($1::integer[])
  ORDER BY user_id
  FOR NO KEY UPDATE`

/** $1 users, $2 addresses, $3 user agents, $4 referrers, $5 encrypted fields. */
export const replaceOrigins = `
  UPDATE @schema.user_origin AS origin
  SET ip_address = change.ip_address, user_agent = change.user_agent,
      referrer = change.referrer, sealed = change.sealed
  FROM unnest($1::integer[], $2::varchar[], $3::varchar[], $4::varchar[], $5::jsonb[]) AS change (
    user_id, ip_address, user_agent, referrer, sealed
  )
  WHERE origin.user_id = change.user_id
  RETURNING origin.user_id AS place`

const spilled = "seq::text AS seq, entry ->> 'id' AS id, entry -> 'metadata' AS metadata"

/** What is no activity, or was written by other hands, is left alone. */
const isActivity = "entry ->> 'kind' = 'activity' AND jsonb_typeof(entry -> 'metadata') = 'object'"

/** Activity that waits for MongoDB, in its order. $1 last seq before, $2 number of entries. */
export const selectSpillAfter = `
  SELECT ${spilled}
  FROM @schema.activity_spill
  WHERE seq > $1::bigint AND ${isActivity}
  ORDER BY activity_spill.seq
  LIMIT $2`

/** $1 seqs. */
export const lockSpill = `
  SELECT ${spilled}
  FROM @schema.activity_spill
  WHERE seq = ANY ($1::bigint[]) AND ${isActivity}
  ORDER BY activity_spill.seq
  FOR NO KEY UPDATE`

/** $1 seqs, $2 metadata. */
export const replaceSpilledMetadata = `
  UPDATE @schema.activity_spill AS spill
  SET entry = jsonb_set(spill.entry, '{metadata}', change.metadata)
  FROM unnest($1::bigint[], $2::jsonb[]) AS change (seq, metadata)
  WHERE spill.seq = change.seq
  RETURNING spill.seq::text AS place`
