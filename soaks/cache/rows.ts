import type { Pool } from 'pg'
import type { Write } from './subject.ts'

/** The number of rows: few, so that readers and writers meet. */
export const rowCount = 12

/** Versions come from a sequence, so that no two writes share one, even if one is rolled back. */
export const createRows = `
  CREATE SEQUENCE version;
  CREATE TABLE rows (id int PRIMARY KEY, version bigint NOT NULL);
  INSERT INTO rows SELECT id, nextval('version') FROM generate_series(0, ${rowCount - 1}) AS id`

/** Raises the version of a row. */
export const raiseVersion = `
  UPDATE rows SET version = nextval('version') WHERE id = $1
  RETURNING version::float8 AS version`

/** Reads rows by their ids. */
export const selectRows = 'SELECT id, version::float8 AS version FROM rows WHERE id = ANY($1)'

/** A row. */
export interface VersionedRow {
  id: number
  version: number
}

/** Loads one row, as hand-written code does. */
export async function loadRow(pool: Pool, key: number): Promise<VersionedRow> {
  const { rows } = await pool.query<VersionedRow>(selectRows, [[key]])
  const [row] = rows
  if (row === undefined) throw new Error(`there is no row ${key}`)
  return row
}

/** Writes, then invalidates, as hand-written code does. */
export async function writeThenInvalidate(
  pool: Pool,
  write: Write,
  invalidate: () => Promise<unknown>,
): Promise<'committed' | 'rolled-back'> {
  const outcome = await writeRow(pool, write)
  if (outcome === 'committed')
    await invalidate().catch(() => {
      write.step()
    })
  write.step()
  return outcome
}

async function writeRow(pool: Pool, write: Write): Promise<'committed' | 'rolled-back'> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    write.step()
    const { rows } = await client.query<VersionedRow>(raiseVersion, [write.key])
    write.updated(rows[0]?.version ?? 0)
    write.step()
    await client.query(write.isRollback ? 'ROLLBACK' : 'COMMIT')
    write.step()
    client.release()
    return write.isRollback ? 'rolled-back' : 'committed'
  } catch (error) {
    client.release(true)
    throw error
  }
}
