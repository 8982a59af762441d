import type { Clients } from '../../flows/by-hand/clients.ts'
import type { CourseService } from '../../flows/by-hand/course-service.ts'
import { type Course, courseColumns, courseOf, type CourseRow } from './course-row.ts'
import { Refusal } from './refusal.ts'

/** Changes of a course. */
export interface CourseChanges {
  readonly title?: string | undefined
  readonly description?: string | null | undefined
  readonly category?: string | null | undefined
  readonly difficulty?: string | null | undefined
  readonly maxStudents?: number | null | undefined
  readonly price?: string | number | undefined
  readonly expectedVersion?: number | undefined
}

const columnOf: Readonly<Record<string, string>> = {
  title: 'title',
  description: 'description',
  category: 'category',
  difficulty: 'difficulty_level',
  maxStudents: 'max_students',
  price: 'price',
}

/** Courses, by the steps of the reference design, with the columns that the API shows. */
export class Courses {
  readonly #clients: Clients
  readonly #service: CourseService

  constructor(clients: Clients, service: CourseService) {
    this.#clients = clients
    this.#service = service
  }

  /** What was read before an update and stored after it is served for half an hour. */
  async get(courseId: number): Promise<Course | undefined> {
    const { postgres, redis } = this.#clients
    const cached = await redis.get(`course:${courseId}`)
    if (cached !== null) return JSON.parse(cached) as Course
    const { rows } = await postgres.query<CourseRow>({
      name: 'get-course',
      text: `SELECT ${courseColumns} FROM courses WHERE id = $1`,
      values: [courseId],
    })
    const course = rows[0] && courseOf(rows[0])
    if (course !== undefined) await redis.setEx(`course:${courseId}`, 1_800, JSON.stringify(course))
    return course
  }

  /** Whether a user has a seat in a course. */
  async isEnrolled(userId: number, courseId: number): Promise<boolean> {
    const { rows } = await this.#clients.postgres.query({
      name: 'is-enrolled',
      text: 'SELECT 1 FROM enrollments WHERE user_id = $1 AND course_id = $2',
      values: [userId, courseId],
    })
    return rows.length > 0
  }

  /** The caller waits for the index, as in the reference design. */
  async update(courseId: number, { expectedVersion, ...changes }: CourseChanges): Promise<Course> {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined)
    const sets = given.map(([name], place) => `${columnOf[name] ?? ''} = $${place + 3}`)
    const { rows } = await this.#clients.postgres.query<CourseRow>({
      name: `change-course ${given.map(([name]) => name).join()}`,
      text: `UPDATE courses
             SET ${[...sets, 'version = version + 1', 'updated_at = CURRENT_TIMESTAMP'].join()}
             WHERE id = $1 AND ($2::int IS NULL OR version = $2)
             RETURNING ${courseColumns}`,
      values: [courseId, expectedVersion ?? null, ...given.map(([, value]) => value)],
    })
    const [row] = rows
    if (row === undefined) throw new Refusal(409, 'version-conflict', 'the course has changed')
    await this.#service.followUpdate(courseId)
    return courseOf(row)
  }
}
