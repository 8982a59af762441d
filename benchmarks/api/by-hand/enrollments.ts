import type { Clients } from '../../flows/by-hand/clients.ts'
import { type Course, courseColumns, courseOf, type CourseRow } from './course-row.ts'

/** An enrollment with its course, as the API answers with it. */
export interface EnrolledCourse {
  readonly id: number
  readonly userId: number
  readonly courseId: number
  readonly enrolledAt: Date | string
  readonly completedAt: Date | string | null
  readonly progress: number
  readonly course: Course
}

/** The newest enrollments of a user. */
export interface EnrollmentPage {
  readonly items: readonly EnrolledCourse[]
  readonly nextCursor: string | null
}

interface Row extends CourseRow {
  readonly enrollment_id: number
  readonly user_id: number
  readonly enrolled_at: Date
  readonly completed_at: Date | null
  readonly progress_percentage: number
}

const pageSize = 20

/** Lists of enrollments, by the steps of the reference design. */
export class Enrollments {
  readonly #clients: Clients

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /** Courses in a cached list are as they were when it was read: up to five minutes ago. */
  async listForUser(userId: number): Promise<EnrollmentPage> {
    const { postgres, redis } = this.#clients
    const cacheKey = `user:${userId}:enrollments`
    const cached = await redis.get(cacheKey)
    if (cached !== null) return JSON.parse(cached) as EnrollmentPage
    const { rows } = await postgres.query<Row>({
      name: 'enrollments-of-user',
      text: `SELECT e.id AS enrollment_id, e.user_id, e.enrolled_at, e.completed_at,
                    e.progress_percentage, ${courseColumns.replaceAll(/\w+/g, 'c.$&')}
             FROM enrollments e
             JOIN courses c ON c.id = e.course_id
             WHERE e.user_id = $1
             ORDER BY e.enrolled_at DESC, e.id DESC
             LIMIT ${pageSize + 1}`,
      values: [userId],
    })
    const items = rows.slice(0, pageSize).map(enrolledCourse)
    const last = items.at(-1)
    const hasMore = rows.length > pageSize && last !== undefined
    const nextCursor = hasMore ? Buffer.from(String(last.id)).toString('base64url') : null
    const page = { items, nextCursor }
    await redis.setEx(cacheKey, 300, JSON.stringify(page))
    return page
  }
}

function enrolledCourse(row: Row): EnrolledCourse {
  return {
    id: row.enrollment_id,
    userId: row.user_id,
    courseId: row.id,
    enrolledAt: row.enrolled_at,
    completedAt: row.completed_at,
    progress: row.progress_percentage,
    course: courseOf(row),
  }
}
