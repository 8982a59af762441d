import type { Client } from 'pg'

/** A session that some process has begun. */
export interface Visit {
  /** Its user, who has no other session. */
  readonly id: number
  readonly token: string
  /** Whether it had ended before this was read. */
  readonly hasEnded: boolean
}

/** Visits are numbered in the order of their beginning. */
export const createVisits = `
  CREATE TABLE visits (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token text,
    has_ended boolean NOT NULL DEFAULT false
  )`

/** Most processes look at the same visits, some of which have ended long ago. */
const latest = 60
const earlier = 60

type Sql = Pick<Client, 'query'>

/** A new user. */
export async function newUser(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ id: number }>('INSERT INTO visits DEFAULT VALUES RETURNING id')
  return rows[0]?.id ?? 0
}

/** Tells the other processes of a session. */
export async function tellOf(sql: Sql, id: number, token: string): Promise<void> {
  await sql.query('UPDATE visits SET token = $2 WHERE id = $1', [id, token])
}

/** Tells the other processes that a session has ended. */
export async function tellEnd(sql: Sql, id: number): Promise<void> {
  await sql.query('UPDATE visits SET has_ended = true WHERE id = $1', [id])
}

/** The latest visits and some of the earlier ones. */
export async function someVisits(sql: Sql): Promise<readonly Visit[]> {
  const { rows } = await sql.query<Visit>(selectSome, [latest, earlier])
  return rows
}

const selectSome = `
  SELECT id, token, has_ended AS "hasEnded" FROM visits
  WHERE token IS NOT NULL AND (
    id > (SELECT max(id) FROM visits) - $1
    OR id IN (
      SELECT ceil(random() * (SELECT max(id) FROM visits))::int FROM generate_series(1, $2)
    )
  )`
