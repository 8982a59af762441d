import { orThrow } from '@headwater/core'
import type { Pool, PoolClient } from 'pg'
import type { Ground } from './ground.ts'

/** One caller who presses the button. */
export interface Press {
  readonly userId: number
  readonly courseId: number
}

/** Enrolls one caller; `false` when the course is full. */
export type Enroll = (press: Press) => Promise<boolean>

/** Ours, with the event and the invalidation that belong to it. */
export function ours({ enrollments }: Ground): Enroll {
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

/** What one writes by hand: no event, no invalidation. */
export function reference({ pool }: Ground): Enroll {
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
  if (course?.is_published !== true) throw new Error('the course is not there')
  if (course.max_students !== null && course.current_enrollment >= course.max_students) return false
  const { rowCount } = await client.query({
    name: 'find',
    text: 'SELECT 1 FROM enrollments WHERE user_id = $1 AND course_id = $2',
    values: [userId, courseId],
  })
  if (rowCount !== 0) throw new Error('is enrolled already')
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
    text: 'SELECT current_enrollment, max_students, is_published FROM courses WHERE id = $1 FOR UPDATE',
    values: [courseId],
  }
}

/** How many rows there are beyond the places, and how far the counts are from the rows. */
export async function countOversold(pool: Pool): Promise<number> {
  const {
    rows: [row],
  } = await pool.query<{ oversold: string }>(`
    SELECT coalesce(sum(greatest(rows - max_students, 0) + abs(rows - current_enrollment)), 0) AS oversold
    FROM courses, LATERAL (SELECT count(*) AS rows FROM enrollments WHERE course_id = courses.id) AS enrolled`)
  return Number(row?.oversold)
}
