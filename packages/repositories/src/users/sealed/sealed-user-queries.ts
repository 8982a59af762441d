import { waitsBriefly } from '../../writes/waits-briefly.ts'
import { profile } from '../user-queries.ts'
import type { UserRow } from '../user-queries.ts'
import type { SealedFields } from '../../encryption/sealed-fields.ts'

/** The columns of a profile some of whose fields may be encrypted. */
const sealedProfile = `${profile}, sealed`

/** A row of the statements of this file. */
export interface SealedUserRow extends UserRow {
  readonly sealed: SealedFields | null
}

/** Ids of rows to come: an encrypted text is bound to the id of its row. $1 number of them. */
export const nextUserIds = `
  SELECT nextval(pg_get_serial_sequence('@schema.users', 'id'))::integer AS id
  FROM generate_series(1, $1::integer)`

/**
 * Registers users with ids of {@link nextUserIds}; those whose address is taken by a row that is
 * not encrypted yet are left out. $1 ids, $2 emails or their blind indexes, $3 usernames, $4
 * password hashes, $5 full names, $6 roles, $7 encrypted fields, $8 addresses, $9 user agents, $10
 * referrers, $11 encrypted fields of these requests, $12 emails in clear text and lower case.
 */
function insertSealed(condition: string, onConflict: string): string {
  return `
  WITH asked AS (
    SELECT *
    FROM unnest(
      $1::integer[], $2::varchar[], $3::varchar[], $4::varchar[], $5::varchar[], $6::varchar[],
      $7::jsonb[], $8::varchar[], $9::varchar[], $10::varchar[], $11::jsonb[], $12::text[]
    ) AS asked (
      id, email, username, password_hash, full_name, role, sealed, ip_address, user_agent,
      referrer, sealed_origin, plain_email
    )
  ), registered AS (
    INSERT INTO @schema.users (id, email, username, password_hash, full_name, role, sealed)
    SELECT id, email, username, password_hash, full_name, role, sealed
    FROM asked
    WHERE ${condition}
      AND NOT EXISTS (
        SELECT FROM @schema.users AS known
        WHERE lower(known.email COLLATE "C") = asked.plain_email COLLATE "C"
      )
    ${onConflict}
    RETURNING ${sealedProfile}
  ), origin AS (
    INSERT INTO @schema.user_origin (user_id, ip_address, user_agent, referrer, sealed)
    SELECT registered.id, ip_address, user_agent, referrer, sealed_origin
    FROM registered JOIN asked ON asked.id = registered.id
    WHERE coalesce(ip_address, user_agent, referrer) IS NOT NULL OR sealed_origin IS NOT NULL
  )
  SELECT * FROM registered`
}

/** One registration, whose address or name may be taken: then it fails. */
export const insertSealedUser = insertSealed('true', '')

/** Several registrations, those left out whose address or name is taken. */
export const insertSealedUsers = insertSealed(waitsBriefly, 'ON CONFLICT DO NOTHING')

/** $1 ids. */
export const selectSealedUsers = `
  SELECT ${sealedProfile}
  FROM @schema.users
  WHERE id = ANY ($1::integer[])`

/** $1 blind index and address, in lower case. */
export const selectSealedUserByEmail = `
  SELECT ${sealedProfile}
  FROM @schema.users
  WHERE lower(email COLLATE "C") = ANY ($1::text[])`

/** $1 username. */
export const selectSealedUserByUsername = `
  SELECT ${sealedProfile}
  FROM @schema.users
  WHERE @schema.username_key(username) = @schema.username_key($1)`

/** Newest first. $1 role or null, $2 id of the last user of the page before or null, $3 limit. */
export const selectSealedUserPage = `
  SELECT ${sealedProfile}
  FROM @schema.users
  WHERE ($1::varchar IS NULL OR role = $1)
    AND ($2::integer IS NULL OR id < $2)
  ORDER BY id DESC
  LIMIT $3`

/** $1 blind index and address, in lower case. */
export const selectSealedCredentials = `
  SELECT id, password_hash
  FROM @schema.users
  WHERE lower(email COLLATE "C") = ANY ($1::text[])`

/**
 * Changes users, those left out that are not there or have another version. $1 ids, $2 emails or
 * their blind indexes, $3 usernames, $4 roles (null leaves each as it is), $5 whether to set full
 * names, $6 full names, $7 expected versions or null, $8 encrypted fields.
 */
function updateSealed(condition: string): string {
  return `
  UPDATE @schema.users AS u
  SET email      = coalesce(new_email, email),
      username   = coalesce(new_username, username),
      role       = coalesce(new_role, role),
      full_name  = CASE WHEN sets_full_name THEN new_full_name ELSE full_name END,
      sealed     = nullif(
        coalesce(sealed, '{}')
          - CASE WHEN new_email IS NULL THEN '{}'::text[] ELSE '{email}' END
          - CASE WHEN sets_full_name THEN '{fullName}'::text[] ELSE '{}' END
          || new_sealed,
        '{}'
      ),
      version    = version + 1,
      updated_at = now()
  FROM unnest(
    $1::integer[], $2::varchar[], $3::varchar[], $4::varchar[], $5::boolean[], $6::varchar[],
    $7::bigint[], $8::jsonb[]
  ) AS change (
    user_id, new_email, new_username, new_role, sets_full_name, new_full_name, expected_version,
    new_sealed
  )
  WHERE id = user_id AND (expected_version IS NULL OR version = expected_version)
    AND ${condition}
  RETURNING ${sealedProfile}`
}

/** One change, whose address or name may be taken: then it fails. */
export const updateSealedUser = updateSealed('true')

/** Several changes. */
export const updateSealedUsers = updateSealed(waitsBriefly)

/** Whether other users have an address that is not encrypted yet. $1 id, $2 address in lower case. */
export const selectPlainAddress = `
  SELECT FROM @schema.users
  WHERE lower(email COLLATE "C") = $2::text COLLATE "C" AND id <> $1`

/** $1 id, $2 password hash. */
export const updateSealedPassword = `
  UPDATE @schema.users
  SET password_hash = $2, version = version + 1, updated_at = now()
  WHERE id = $1
  RETURNING ${sealedProfile}`
