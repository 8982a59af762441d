import type { Pool } from 'pg'
import { enrolledIn, readers, seeds, users } from '../flows/data.ts'

/** The first users teach: each every twentieth course. */
export const instructors = 20

/** What the answers show beyond the columns of the reference design. */
export const columnsByHand = `
  ALTER TABLE users ADD version INT NOT NULL DEFAULT 1;
  ALTER TABLE courses
    ADD version INT NOT NULL DEFAULT 1, ADD seats_offered INT NOT NULL DEFAULT 0`

/** The instructor of a course. */
export function instructorOf(courseId: number): number {
  return ((courseId - 1) % instructors) + 1
}

/** Fills the tables of either side: those of the flows, with instructors, and seats for all. */
export async function fill(pool: Pick<Pool, 'query'>): Promise<void> {
  for (const [text, values] of [...seeds, ...moreSeeds]) await pool.query(text, [...values])
  await pool.query('VACUUM ANALYZE')
}

const moreSeeds: typeof seeds = [
  [`UPDATE users SET role = 'instructor' WHERE id <= $1::int`, [instructors]],
  ['UPDATE courses SET instructor_id = (id - 1) % $1::int + 1', [instructors]],
  [
    `INSERT INTO enrollments (user_id, course_id, enrolled_at)
     SELECT u, c, now() - c * interval '1 hour'
     FROM generate_series($1::int + 1, $2::int) AS u, generate_series(1, $3::int) AS c`,
    [readers, users, enrolledIn],
  ],
  [
    'UPDATE courses SET current_enrollment = $1::int WHERE id BETWEEN 1 AND $2::int',
    [users, enrolledIn],
  ],
]
