import type { ExportedPayment } from './user-export.ts'

/** The enrollments of a user. $1 user. */
export const selectEnrollmentsOfUser = `
  SELECT id, user_id, course_id, enrolled_at, completed_at, progress_percentage
  FROM @schema.enrollments
  WHERE user_id = $1
  ORDER BY id`

/** The payments and refunds of a user. $1 user. */
export const selectPaymentsOfUser = `
  SELECT enrollment_id, course_id, kind, amount::text AS amount, discount::text AS discount,
         currency, payment_method, order_id, happened_at
  FROM @schema.enrollment_payment
  WHERE user_id = $1
  ORDER BY happened_at, enrollment_id`

/** A row of {@link selectPaymentsOfUser}. */
export interface PaymentRow {
  readonly enrollment_id: number
  readonly course_id: number
  readonly kind: ExportedPayment['kind']
  readonly amount: string
  readonly discount: string | null
  readonly currency: string | null
  readonly payment_method: string | null
  readonly order_id: string | null
  readonly happened_at: Date | null
}

/** The courses of an instructor. $1 user. */
export const selectCoursesOfInstructor = `
  SELECT id
  FROM @schema.courses
  WHERE instructor_id = $1
  ORDER BY id`

/** A payment or a refund from its row. */
export function toExportedPayment(row: PaymentRow): ExportedPayment {
  return {
    enrollmentId: row.enrollment_id,
    courseId: row.course_id,
    kind: row.kind,
    amount: row.amount,
    discount: row.discount,
    currency: row.currency,
    method: row.payment_method,
    orderId: row.order_id,
    happenedAt: row.happened_at,
  }
}
