import type { PoolClient } from 'pg'
import type { Clients } from './clients.ts'

/** An enrollment with its course, as a row. */
export interface EnrolledCourse {
  readonly course_id: number
  readonly title: string
  readonly progress_percentage: number
}

/** A seat that was taken. */
export interface Seat {
  readonly enrollment_id: number
  readonly enrolled_at: Date
  readonly user_id: number
  readonly course_id: number
}

/** Enrollments, step by step as in the reference design. */
export class EnrollmentService {
  readonly #clients: Clients

  constructor(clients: Clients) {
    this.#clients = clients
  }

  /**
   * A crash after COMMIT loses the event and leaves the caches as they were; a list that was read
   * before COMMIT and stored after it is served for five minutes.
   */
  async enrollUser(userId: number, courseId: number): Promise<Seat> {
    const { postgres, redis, mongodb } = this.#clients
    const client = await postgres.connect()
    try {
      await client.query('BEGIN')
      const { price, ...enrollment } = await takeSeat(client, { userId, courseId })
      await client.query('COMMIT')
      await redis.del(`user:${userId}:enrollments`)
      await redis.del(`course:${courseId}`)
      await redis.del(`course:${courseId}:students`)
      await mongodb.collection('enrollment_events').insertOne({
        user_id: userId,
        course_id: courseId,
        event_type: 'enrollment_created',
        event_data: { payment_method: 'credit_card', price_paid: price, discount_applied: 10 },
        timestamp: new Date(),
      })
      return { ...enrollment, course_id: courseId, user_id: userId }
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }

  /** Courses in a cached list are as they were when it was read: up to five minutes ago. */
  async getUserEnrollments(userId: number): Promise<readonly EnrolledCourse[]> {
    const { postgres, redis } = this.#clients
    const cacheKey = `user:${userId}:enrollments`
    const cached = await redis.get(cacheKey)
    if (cached !== null) return JSON.parse(cached) as EnrolledCourse[]
    const { rows } = await postgres.query<EnrolledCourse>({
      name: 'enrollments',
      text: `SELECT e.id, e.course_id, e.enrolled_at, e.progress_percentage,
                    c.title, c.description, c.category, c.difficulty_level
             FROM enrollments e
             JOIN courses c ON c.id = e.course_id
             WHERE e.user_id = $1
             ORDER BY e.enrolled_at DESC`,
      values: [userId],
    })
    await redis.setEx(cacheKey, 300, JSON.stringify(rows))
    return rows
  }
}

interface Taken extends Pick<Seat, 'enrollment_id' | 'enrolled_at'> {
  readonly price: number
}

async function takeSeat(
  client: PoolClient,
  { userId, courseId }: { readonly userId: number; readonly courseId: number },
): Promise<Taken> {
  const {
    rows: [course],
  } = await client.query<{ max_students: number; current_enrollment: number; price: string }>({
    name: 'lock-course',
    text: `SELECT id, max_students, current_enrollment, price
           FROM courses WHERE id = $1 AND is_published = true FOR UPDATE`,
    values: [courseId],
  })
  if (course === undefined) throw new Error('Course not found or not published')
  if (course.current_enrollment >= course.max_students) throw new Error('Course is full')
  const { rows: existing } = await client.query({
    name: 'find-enrollment',
    text: 'SELECT id FROM enrollments WHERE user_id = $1 AND course_id = $2',
    values: [userId, courseId],
  })
  if (existing.length > 0) throw new Error('User already enrolled in this course')
  const {
    rows: [enrollment],
  } = await client.query<{ id: number; enrolled_at: Date }>({
    name: 'insert-enrollment',
    text: `INSERT INTO enrollments (user_id, course_id, progress_percentage)
           VALUES ($1, $2, 0) RETURNING id, enrolled_at`,
    values: [userId, courseId],
  })
  await client.query({
    name: 'count-enrollment',
    text: `UPDATE courses
           SET current_enrollment = current_enrollment + 1, updated_at = CURRENT_TIMESTAMP
           WHERE id = $1`,
    values: [courseId],
  })
  if (enrollment === undefined) throw new Error('the enrollment was not created')
  return {
    price: parseFloat(course.price),
    enrollment_id: enrollment.id,
    enrolled_at: enrollment.enrolled_at,
  }
}
