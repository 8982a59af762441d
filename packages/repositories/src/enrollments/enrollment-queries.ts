import { minorUnits } from '@headwater/core'
import type { Refund } from './enrollment-events.ts'
import type { Enrollment } from './enrollment.ts'

const enrollment = 'id, user_id, course_id, enrolled_at, completed_at, progress_percentage'

/** Columns of a payment, as they are kept when an enrollment ends. */
export const paymentColumns = 'paid_at, price_paid, discount, currency, payment_method, order_id'

/**
 * Releases a seat and keeps its payment; the course is already locked. $1 user, $2 course, $3
 * refund or null.
 */
export const releaseSeat = `
  WITH withdrawn AS (
    DELETE FROM @schema.enrollments
    WHERE user_id = $1 AND course_id = $2
    RETURNING ${enrollment}, ${paymentColumns}
  ), ended AS (
    INSERT INTO @schema.enrollment_ended (
      enrollment_id, user_id, course_id, ${paymentColumns}, refunded
    )
    SELECT id, user_id, course_id, ${paymentColumns},
           coalesce($3::numeric, price_paid, 0)
    FROM withdrawn
    RETURNING enrollment_id, refunded
  ), counted AS (
    UPDATE @schema.courses
    SET current_enrollment = current_enrollment - 1
    WHERE id = $2 AND EXISTS (SELECT FROM withdrawn)
  )
  SELECT withdrawn.*, ended.refunded::numeric(10, 2)::text AS refunded
  FROM withdrawn JOIN ended ON ended.enrollment_id = withdrawn.id`

/** Ends all enrollments of a course and keeps their payments. $1 course, $2 whether to refund. */
export const endEnrollmentsOfCourse = `
  WITH ended AS (
    DELETE FROM @schema.enrollments
    WHERE course_id = $1
    RETURNING ${enrollment}, ${paymentColumns}
  ), kept AS (
    INSERT INTO @schema.enrollment_ended (
      enrollment_id, user_id, course_id, ${paymentColumns}, refunded
    )
    SELECT id, user_id, course_id, ${paymentColumns},
           CASE WHEN $2::boolean THEN coalesce(price_paid, 0) ELSE 0 END
    FROM ended
    RETURNING enrollment_id, refunded
  )
  SELECT ended.*, kept.refunded::numeric(10, 2)::text AS refunded
  FROM ended JOIN kept ON kept.enrollment_id = ended.id
  ORDER BY ended.id`

/**
 * Transfers a seat to a user who starts from zero; the course is already locked. $1 course, $2
 * giver, $3 receiver.
 */
export const transferSeat = `
  UPDATE @schema.enrollments
  SET user_id = $3, enrolled_at = now(), completed_at = NULL, progress_percentage = 0
  WHERE course_id = $1 AND user_id = $2
  RETURNING ${enrollment}`

/**
 * Sets the progress, and the time of completion once; `completed_now` tells whether this statement
 * set it. $1 user, $2 course, $3 progress.
 */
export const updateProgress = `
  WITH before AS (
    SELECT id, completed_at
    FROM @schema.enrollments
    WHERE user_id = $1 AND course_id = $2
    FOR NO KEY UPDATE
  )
  UPDATE @schema.enrollments AS e
  SET progress_percentage = $3,
      completed_at = coalesce(before.completed_at, CASE WHEN $3 = 100 THEN now() END)
  FROM before
  WHERE e.id = before.id
  RETURNING e.id, e.user_id, e.course_id, e.enrolled_at, e.completed_at, e.progress_percentage,
            before.completed_at IS NULL AND e.completed_at IS NOT NULL AS completed_now,
            (SELECT version::text FROM @schema.courses WHERE id = $2) AS version`

/** Newest first. $1 ids of users. */
export const selectEnrollmentsOfUsers = `
  SELECT ${enrollment}
  FROM @schema.enrollments
  WHERE user_id = ANY ($1::integer[])
  ORDER BY user_id, date_trunc('milliseconds', enrolled_at) DESC, id DESC`

/**
 * Newest first. $1 course; $2 and $3 microseconds since the epoch and id of the last enrollment of
 * the page before, or null; $4 limit.
 */
export const selectEnrollmentPage = `
  SELECT ${enrollment}, (extract(epoch FROM enrolled_at) * 1e6)::bigint::text AS enrolled_us
  FROM @schema.enrollments
  WHERE course_id = $1
    AND (
      $2::bigint IS NULL
      OR (enrolled_at, id) < ('epoch'::timestamptz + $2 * interval '1 microsecond', $3::integer)
    )
  ORDER BY enrolled_at DESC, id DESC
  LIMIT $4`

/** A row of {@link selectEnrollmentPage}. */
export interface EnrollmentPageRow extends EnrollmentRow {
  readonly enrolled_us: string
}

/** In the order of their ids. $1 course, $2 id of the last student of the page before, $3 limit. */
export const selectStudentPage = `
  SELECT user_id
  FROM @schema.enrollments
  WHERE course_id = $1 AND user_id > $2
  ORDER BY user_id
  LIMIT $3`

/** A row of the statements above that return enrollments. */
export interface EnrollmentRow {
  readonly id: number
  readonly user_id: number
  readonly course_id: number
  readonly enrolled_at: Date
  readonly completed_at: Date | null
  readonly progress_percentage: number
}

/** A row of the statements above that end enrollments. */
export interface EndedRow extends EnrollmentRow {
  readonly refunded: string
  readonly currency: string | null
  readonly payment_method: string | null
  readonly order_id: string | null
}

/** The refund of an enrollment that ended; `null` when nothing was refunded. */
export function refundOf(row: EndedRow): Refund | null {
  if (minorUnits(row.refunded) === 0) return null
  return {
    amount: row.refunded,
    method: row.payment_method,
    currency: row.currency,
    orderId: row.order_id,
  }
}

/** Reads a row. */
export function toEnrollment(row: EnrollmentRow): Enrollment {
  return {
    id: row.id,
    userId: row.user_id,
    courseId: row.course_id,
    enrolledAt: new Date(row.enrolled_at),
    completedAt: row.completed_at && new Date(row.completed_at),
    progress: row.progress_percentage,
  }
}
