import { waitsBriefly } from '../../writes/waits-briefly.ts'
import { profile } from '../user-queries.ts'

/**
 * Takes the advisory locks of addresses, in one order for all. A further statement sees what those
 * who had them have written.
 */
function locked(locks: string, condition: string): string {
  return `
  WITH locked AS MATERIALIZED (
    SELECT count(pg_advisory_xact_lock(lock)) AS locks
    FROM (
      SELECT lock FROM unnest(${locks}::bigint[]) AS lock WHERE ${condition} ORDER BY lock
    ) AS ordered
  )`
}

function nextIds(condition: string): string {
  return `${locked('$2', condition)}
  SELECT nextval(pg_get_serial_sequence('@schema.users', 'id'))::integer AS id
  FROM locked, generate_series(1, $1::integer)`
}

/**
 * Ids of rows to come: an encrypted text is bound to the id of its row. $1 number of them, $2 locks
 * of their addresses.
 */
export const nextUserId = nextIds('true')

/** As {@link nextUserId}, for several. */
export const nextUserIds = nextIds(waitsBriefly)

/** $1 locks of addresses. */
export const lockAddresses = `${locked('$1', 'true')}
  SELECT locks FROM locked`

/** A condition: no row but this one has the address in its other form, encrypted or not. */
function isFree(address: string, id: string): string {
  return `NOT EXISTS (
    SELECT FROM @schema.users AS known
    WHERE lower(known.email COLLATE "C") = ${address} COLLATE "C" AND known.id <> ${id}
    OFFSET 0
  )`
}

/**
 * Registers users with ids of {@link nextUserIds}; those whose address a row has in its other form
 * are left out. $1 ids, $2 emails or their blind indexes, $3 usernames, $4 password hashes, $5 full
 * names, $6 roles, $7 encrypted fields, $8 addresses, $9 user agents, $10 referrers, $11 encrypted
 * fields of these requests, $12 other forms of the emails, or null.
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
      referrer, sealed_origin, other_email
    )
  ), registered AS (
    INSERT INTO @schema.users (id, email, username, password_hash, full_name, role, sealed)
    SELECT id, email, username, password_hash, full_name, role, sealed
    FROM asked
    WHERE ${condition} AND ${isFree('asked.other_email', 'asked.id')}
    ${onConflict}
    RETURNING ${profile}
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

/** $1 texts under which the row of an address may be found. */
export const selectSealedUserByEmail = `
  SELECT ${profile}
  FROM @schema.users
  WHERE lower(email COLLATE "C") = ANY ($1::text[])
  ORDER BY id`

/** $1 texts under which the row of an address may be found. */
export const selectSealedCredentials = `
  SELECT id, password_hash
  FROM @schema.users
  WHERE lower(email COLLATE "C") = ANY ($1::text[])
  ORDER BY id`

/**
 * Changes users, those left out that are not there, have another version, or whose new address a
 * row has in its other form. $1 ids, $2 emails or their blind indexes, $3 usernames, $4 roles (null
 * leaves each as it is), $5 whether to set full names, $6 full names, $7 expected versions or null,
 * $8 encrypted fields, $9 other forms of the emails, or null.
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
    $7::bigint[], $8::jsonb[], $9::text[]
  ) AS change (
    user_id, new_email, new_username, new_role, sets_full_name, new_full_name, expected_version,
    new_sealed, other_email
  )
  WHERE id = user_id AND (expected_version IS NULL OR version = expected_version)
    AND ${isFree('change.other_email', 'user_id')}
    AND ${condition}
  RETURNING ${profile}`
}

/** One change, whose address or name may be taken: then it fails. */
export const updateSealedUser = updateSealed('true')

/** Several changes. */
export const updateSealedUsers = updateSealed(waitsBriefly)
