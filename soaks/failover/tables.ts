import { createRows, type VersionedRow } from '../cache/rows.ts'

/** The name of the type of every event of a row. */
export const raised = 'row.raised'
export const seatsPerCourse = 10
/** Few, so that many ask for a seat that they have. */
export const userCount = 300

/**
 * Creates the rows, and the history that each transaction adds its version to: so the database
 * itself tells which versions it has.
 */
export const createTables = `
  ${createRows};
  CREATE TABLE history (version bigint PRIMARY KEY, id int NOT NULL);
  INSERT INTO history SELECT version, id FROM rows`

/** Raises the version of a row and notes it in the history. $1 the id. */
export const raiseVersion = `
  WITH raised AS (
    UPDATE rows SET version = nextval('version') WHERE id = $1 RETURNING id, version
  )
  INSERT INTO history (version, id) SELECT version, id FROM raised
  RETURNING id, version::float8 AS version`

/** Reads all versions that the database has. */
export const selectHistory = 'SELECT id, version::float8 AS version FROM history'

/** A course for each second, whose few seats all sellers sell at the same time. $1 their number. */
export const createCourses = `
  INSERT INTO courses (title, instructor_id, price, is_published, max_students)
  SELECT 'course ' || number, 1, 49, true, ${seatsPerCourse}
  FROM generate_series(1, $1::integer) AS number`

export const createUsers = `
  INSERT INTO users (email, username, password_hash)
  SELECT 'user' || number || '@example.com', 'user' || number, repeat('x', 60)
  FROM generate_series(1, ${userCount}) AS number`

export const selectSeats = 'SELECT course_id AS course, user_id AS "user" FROM enrollments'

/** Courses that were sold beyond their seats, or whose count is not that of their rows. */
export const selectOversold = `
  SELECT c.id AS course, count(e.id)::int AS sold, c.current_enrollment AS counted
  FROM courses c LEFT JOIN enrollments e ON e.course_id = c.id
  GROUP BY c.id
  HAVING count(e.id) > c.max_students OR count(e.id) <> c.current_enrollment`

/** The name of a change in the effects of a sink. */
export function changeName({ id, version }: VersionedRow): string {
  return `${id}@${version}`
}

/** The row and the version of a change. */
export function changeNamed(name: string): VersionedRow {
  const [id, version] = name.split('@')
  return { id: Number(id), version: Number(version) }
}
