import { waitsBriefly } from '../writes/waits-briefly.ts'
import type { SealedFields } from '../encryption/sealed-fields.ts'
import type { StoredUser } from './sealed/user-sealing.ts'

/** The columns of a profile. */
export const profile =
  'id, email, username, full_name, role, version::text AS version, created_at, updated_at, sealed'

/**
 * $1 email, $2 username, $3 password hash, $4 full name, $5 role; $6 address, $7 user agent and $8
 * referrer of the request, or null.
 */
export const insertUser = `
  WITH registered AS (
    INSERT INTO @schema.users (email, username, password_hash, full_name, role)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING ${profile}
  ), origin AS (
    INSERT INTO @schema.user_origin (user_id, ip_address, user_agent, referrer)
    SELECT id, $6::varchar, $7::varchar, $8::varchar
    FROM registered
    WHERE coalesce($6, $7, $8) IS NOT NULL
  )
  SELECT * FROM registered`

/** $1 ids. */
export const selectUsers = `
  SELECT ${profile}
  FROM @schema.users
  WHERE id = ANY ($1::integer[])`

/**
 * As {@link insertUser} for several users, those left out whose address or name is taken: $1
 * emails, $2 usernames, $3 password hashes, $4 full names, $5 roles, $6 addresses, $7 user agents,
 * $8 referrers.
 */
export const insertUsers = `
  WITH asked AS (
    SELECT *
    FROM unnest(
      $1::varchar[], $2::varchar[], $3::varchar[], $4::varchar[], $5::varchar[], $6::varchar[],
      $7::varchar[], $8::varchar[]
    ) AS asked (
      email, username, password_hash, full_name, role, ip_address, user_agent, referrer
    )
  ), registered AS (
    INSERT INTO @schema.users (email, username, password_hash, full_name, role)
    SELECT email, username, password_hash, full_name, role
    FROM asked
    WHERE ${waitsBriefly}
    ON CONFLICT DO NOTHING
    RETURNING ${profile}
  ), origin AS (
    INSERT INTO @schema.user_origin (user_id, ip_address, user_agent, referrer)
    SELECT id, ip_address, user_agent, referrer
    FROM registered JOIN asked USING (email)
    WHERE coalesce(ip_address, user_agent, referrer) IS NOT NULL
  )
  SELECT * FROM registered`

/** $1 email. */
export const selectUserByEmail = `
  SELECT ${profile}
  FROM @schema.users
  WHERE lower(email COLLATE "C") = lower($1::text COLLATE "C")`

/** $1 username. */
export const selectUserByUsername = `
  SELECT ${profile}
  FROM @schema.users
  WHERE @schema.username_key(username) = @schema.username_key($1)`

/** Newest first. $1 role or null, $2 id of the last user of the page before or null, $3 limit. */
export const selectUserPage = `
  SELECT ${profile}
  FROM @schema.users
  WHERE ($1::varchar IS NULL OR role = $1)
    AND ($2::integer IS NULL OR id < $2)
  ORDER BY id DESC
  LIMIT $3`

/** $1 email. */
export const selectCredentials = `
  SELECT id, password_hash
  FROM @schema.users
  WHERE lower(email COLLATE "C") = lower($1::text COLLATE "C")`

/**
 * $1 id, $2 email, $3 username, $4 role (null leaves each as it is), $5 whether to set the full
 * name, $6 full name, $7 expected version or null.
 */
export const updateUserRow = `
  UPDATE @schema.users
  SET email      = coalesce($2::varchar, email),
      username   = coalesce($3::varchar, username),
      role       = coalesce($4::varchar, role),
      full_name  = CASE WHEN $5::boolean THEN $6::varchar ELSE full_name END,
      version    = version + 1,
      updated_at = now()
  WHERE id = $1 AND ($7::bigint IS NULL OR version = $7)
  RETURNING ${profile}`

/**
 * As {@link updateUserRow} for several users, those left out that are not there or have another
 * version: an array for each of its parameters.
 */
export const updateUserRows = `
  UPDATE @schema.users
  SET email      = coalesce(new_email, email),
      username   = coalesce(new_username, username),
      role       = coalesce(new_role, role),
      full_name  = CASE WHEN sets_full_name THEN new_full_name ELSE full_name END,
      version    = version + 1,
      updated_at = now()
  FROM unnest(
    $1::integer[], $2::varchar[], $3::varchar[], $4::varchar[], $5::boolean[], $6::varchar[],
    $7::bigint[]
  ) AS change (
    user_id, new_email, new_username, new_role, sets_full_name, new_full_name, expected_version
  )
  WHERE id = user_id AND (expected_version IS NULL OR version = expected_version)
    AND ${waitsBriefly}
  RETURNING ${profile}`

/** $1 id, $2 password hash. */
export const updatePassword = `
  UPDATE @schema.users
  SET password_hash = $2, version = version + 1, updated_at = now()
  WHERE id = $1
  RETURNING ${profile}`

/** A row of the statements above. */
export interface UserRow {
  readonly id: number
  readonly email: string
  readonly username: string
  readonly full_name: string | null
  readonly role: string
  readonly version: string
  readonly created_at: Date
  readonly updated_at: Date
  readonly sealed: SealedFields | null
}

/** Reads a row. */
export function toUser(row: UserRow): StoredUser {
  return {
    id: row.id,
    email: row.email,
    username: row.username,
    fullName: row.full_name,
    role: row.role,
    version: Number(row.version),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    ...(row.sealed === null ? {} : { sealed: row.sealed }),
  }
}

/** A row of {@link selectCredentials}. */
export interface CredentialsRow {
  readonly id: number
  readonly password_hash: string
}
