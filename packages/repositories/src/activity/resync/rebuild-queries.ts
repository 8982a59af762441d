/** Events that become documents of the event log. */
const loggedTypes = `(type IN ('user.registered', 'activity.recorded') OR type LIKE 'enrollment.%')`

/** What the log still holds for the event log, and since when. */
export const selectLogged = `
  SELECT count(*) FILTER (WHERE ${loggedTypes})::int AS count,
    min(created_at) AS oldest_at,
    to_char(
      coalesce(min(created_at), clock_timestamp()) AT TIME ZONE 'UTC',
      'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    ) AS boundary
  FROM @schema.outbox`

/** A row of {@link selectLogged}. */
export interface LoggedRow {
  readonly count: number
  readonly oldest_at: Date | null
  /** The same to the microsecond, or now: a row from before it has no event any more. */
  readonly boundary: string
}

/** Users that registered before a moment. $1 moment, $2 id before the page, $3 limit. */
export const selectOldUsers = `
  SELECT id, role, created_at
  FROM @schema.users
  WHERE created_at < $1::timestamptz
    AND id > coalesce(nullif($2::text, ''), '0')::integer
  ORDER BY id
  LIMIT $3`

/** A row of {@link selectOldUsers}. */
export interface UserRow {
  readonly id: number
  readonly role: string
  readonly created_at: Date
}

/**
 * Payments and refunds before a moment. $1 moment, $2 key before the page, $3 limit. Keys order as
 * numbers of enrollments do, since each number is as long as the others.
 */
export const selectOldPayments = `
  SELECT * FROM (
    SELECT lpad(enrollment_id::text, 10, '0') || kind AS key, enrollment_id, kind,
      user_id::text AS user_id, course_id, abs(amount)::numeric(10, 2)::text AS amount,
      discount::text AS discount, payment_method, happened_at
    FROM @schema.enrollment_payment
    WHERE happened_at < $1::timestamptz
  ) AS payment
  WHERE key COLLATE "C" > $2
  ORDER BY key COLLATE "C"
  LIMIT $3`

/** A row of {@link selectOldPayments}. */
export interface PaymentRow {
  readonly key: string
  readonly enrollment_id: number
  readonly kind: 'payment' | 'refund'
  readonly user_id: string
  readonly course_id: number
  readonly amount: string
  readonly discount: string | null
  readonly payment_method: string | null
  readonly happened_at: Date
}

/** The rows that {@link selectOldUsers} and {@link selectOldPayments} have. $1 moment. */
export const countOldRows = `
  SELECT
    (SELECT count(*)::int FROM @schema.users WHERE created_at < $1::timestamptz) AS users,
    (SELECT count(*)::int FROM @schema.enrollment_payment
     WHERE happened_at < $1::timestamptz) AS payments`

/** A row of {@link countOldRows}. */
export interface OldRows {
  readonly users: number
  readonly payments: number
}
