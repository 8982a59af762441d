import { orThrow } from '@headwater/core'
import type { Pool, PoolClient } from 'pg'
import type { EnrollFixture } from './enroll-fixture.ts'

/** One caller's request to enroll. */
export interface Press {
  readonly userId: number
  readonly courseId: number
}

/** Enrolls one caller; `false` when the course is full. */
export type Enroll = (press: Press) => Promise<boolean>

/** Enrolls through the SDK, with the event and the invalidation that belong to an enrollment. */
export function ours({ enrollments }: EnrollFixture): Enroll {
  return async ({ userId, courseId }) => {
    const result = await enrollments.enroll({
      userId,
      courseId,
      payment: { method: 'credit_card', discount: '10.00' },
    })
    if (result.isErr() && result.error.type === 'course-full') return false
    orThrow(result)
    return true
  }
}

/** Enrolls by the statements that people write by hand: no event, no invalidation. */
export function reference({ pool }: EnrollFixture): Enroll {
  return async (press) => {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const isEnrolled = await enrollByHand(client, press)
      await client.query(isEnrolled ? 'COMMIT' : 'ROLLBACK')
      return isEnrolled
    } finally {
      client.release()
    }
  }
}

async function enrollByHand(client: PoolClient, { userId, courseId }: Press): Promise<boolean> {
  const {
    rows: [course],
  } = await client.query<{
    current_enrollment: number
    max_students: number | null
    is_published: boolean
  }>(lockCourse(courseId))
  if (course?.is_published !== true) throw new Error(`course ${courseId} is not published`)
  if (course.max_students !== null && course.current_enrollment >= course.max_students) return false
  const { rowCount } = await client.query({
    name: 'find',
    text: 'SELECT 1 FROM enrollments WHERE user_id = $1 AND course_id = $2',
    values: [userId, courseId],
  })
  if (rowCount !== 0) throw new Error(`user ${userId} is already enrolled in course ${courseId}`)
  await client.query({
    name: 'insert',
    text: 'INSERT INTO enrollments (user_id, course_id) VALUES ($1, $2)',
    values: [userId, courseId],
  })
  await client.query({
    name: 'count',
    text: 'UPDATE courses SET current_enrollment = current_enrollment + 1 WHERE id = $1',
    values: [courseId],
  })
  return true
}

function lockCourse(courseId: number) {
  return {
    name: 'lock',
    text: `
      SELECT current_enrollment, max_students, is_published
      FROM courses WHERE id = $1 FOR UPDATE`,
    values: [courseId],
  }
}

/** Counts enrollments beyond the seats of their course, and counts that differ from the rows. */
export async function countOversold(pool: Pool): Promise<number> {
  const {
    rows: [row],
  } = await pool.query<{ oversold: string }>(`
    SELECT coalesce(
      sum(greatest(rows - max_students, 0) + abs(rows - current_enrollment)), 0) AS oversold
    FROM courses, LATERAL (
      SELECT count(*) AS rows FROM enrollments WHERE course_id = courses.id) AS enrolled`)
  return Number(row?.oversold)
}
