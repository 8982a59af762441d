import type { Pool } from 'pg'

/** A user of about one kilobyte of JSON. */
export interface User {
  readonly id: number
  readonly email: string
  readonly username: string
  readonly fullName: string
  readonly role: string
  readonly biography: string
  readonly interests: readonly string[]
  readonly settings: Readonly<Record<string, boolean>>
}

/** How many users there are. */
export const userCount = 40_000

/**
 * Creates the users. Each one's JSON is in one column, so that loading costs all sides the same.
 */
export const createUsers = `
  CREATE TABLE users (id int PRIMARY KEY, document jsonb NOT NULL);
  INSERT INTO users
  SELECT id, jsonb_build_object(
    'id', id,
    'email', 'user-' || id || '@example.org',
    'username', 'user-' || id,
    'fullName', 'A. N. Other ' || id,
    'role', 'student',
    'biography', repeat(md5(id::text), 22),
    'interests', jsonb_build_array('algebra', 'history', 'machine learning'),
    'settings', jsonb_build_object('newsletter', true, 'dark', false))
  FROM generate_series(1, ${userCount}) AS id;
  ANALYZE users`

const selectUsers = 'SELECT id, document FROM users WHERE id = ANY($1)'
const selectUser = { name: 'user', text: 'SELECT document FROM users WHERE id = $1' }

interface Queryable {
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: Row[] }>
}

/** Loads users in one statement. */
export async function loadUsers(
  ids: readonly number[],
  sql: Queryable,
): Promise<Map<number, User>> {
  const { rows } = await sql.query<{ id: number; document: User }>(selectUsers, [ids])
  return new Map(rows.map(({ id, document }) => [id, document]))
}

/** Loads one user by a prepared statement, as people do by hand. */
export async function loadUser(id: number, pool: Pool): Promise<User | undefined> {
  const { rows } = await pool.query<{ document: User }>({ ...selectUser, values: [id] })
  return rows[0]?.document
}
