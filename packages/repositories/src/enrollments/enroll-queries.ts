/**
 * Takes a seat for each request in the given order, as long as there are any; returns one row for
 * each request, in that order. A user who asks twice for one course gets one seat. A user with an
 * offer takes the seat that is held for it; the others get none while anyone waits.
 *
 * The courses were locked by an earlier statement, so this one sees them and their enrollments as
 * the last transaction left them, and no seat is taken twice. A taken seat is joined by one number:
 * joined by two columns, all seats taken in a course would be compared with each other.
 *
 * $1 users, $2 courses, $3 discounts, $4 expected prices, $5 methods, $6 currencies, $7 orders.
 */
export const takeSeats = `
  WITH asked AS (
    SELECT *
    FROM unnest(
      (SELECT $1::integer[]), (SELECT $2::integer[]), (SELECT $3::numeric[]),
      (SELECT $4::numeric[]), (SELECT $5::varchar[]), (SELECT $6::char(3)[]),
      (SELECT $7::varchar[])
    ) WITH ORDINALITY AS asked (
      user_id, course_id, discount, expected_price, method, currency, order_id, position
    )
  ), judged AS (
    SELECT a.*, a.user_id::bigint << 32 | a.course_id AS pair,
           c.price, c.version, w.id AS place_id,
           coalesce(w.offer_ends_at > statement_timestamp(), false) AS has_offer,
           CASE
             WHEN c.waitlist_length > c.seats_offered THEN 0
             ELSE c.max_students - c.current_enrollment - c.seats_offered
           END AS free_seats,
           CASE
             WHEN u.id IS NULL THEN 'no-user'
             WHEN e.id IS NOT NULL THEN 'already-enrolled'
             WHEN NOT c.is_published THEN 'not-published'
             WHEN c.price <> a.expected_price THEN 'price-changed'
             WHEN c.price < a.discount THEN 'discount-exceeds-price'
           END AS refusal
    FROM asked AS a
    JOIN (
      SELECT * FROM @schema.courses WHERE id = ANY ((SELECT $2::integer[])::integer[]) OFFSET 0
    ) AS c ON c.id = a.course_id
    LEFT JOIN LATERAL (
      SELECT id FROM @schema.users WHERE id = a.user_id LIMIT 1
    ) AS u ON true
    LEFT JOIN LATERAL (
      SELECT id FROM @schema.enrollments
      WHERE user_id = a.user_id AND course_id = a.course_id LIMIT 1
    ) AS e ON true
    LEFT JOIN LATERAL (
      SELECT id, offer_ends_at FROM @schema.waitlist
      WHERE user_id = a.user_id AND course_id = a.course_id LIMIT 1
    ) AS w ON true
  ), counted_once AS (
    SELECT judged.*,
           row_number() OVER (PARTITION BY pair, refusal IS NULL ORDER BY position) > 1
             AS is_repeated
    FROM judged
  ), ranked AS (
    SELECT counted_once.*,
           refusal IS NULL AND NOT is_repeated AS is_eligible,
           NOT has_offer AND row_number() OVER (
             PARTITION BY course_id, refusal IS NULL AND NOT is_repeated AND NOT has_offer
             ORDER BY position
           ) > free_seats AS is_full
    FROM counted_once
  ), taken AS (
    INSERT INTO @schema.enrollments (
      user_id, course_id, paid_at, price_paid, discount, currency, payment_method, order_id
    )
    SELECT user_id, course_id, now(), price - discount, discount, currency, method, order_id
    FROM ranked
    WHERE is_eligible AND is_full IS NOT TRUE
    ORDER BY position
    ON CONFLICT (user_id, course_id) DO NOTHING
    RETURNING id, user_id, course_id, user_id::bigint << 32 | course_id AS pair,
              enrolled_at, completed_at, progress_percentage
  ), left_list AS (
    DELETE FROM @schema.waitlist
    WHERE id = ANY (ARRAY(SELECT place_id FROM ranked JOIN taken USING (pair)))
    RETURNING id, user_id::bigint << 32 | course_id AS pair, offered_at
  ), counted AS (
    UPDATE @schema.courses AS c
    SET current_enrollment = current_enrollment + change.seats,
        seats_offered = seats_offered - change.offers,
        waitlist_length = waitlist_length - change.places
    FROM (
      SELECT taken.course_id, count(*) AS seats, count(left_list.offered_at) AS offers,
             count(left_list.id) AS places
      FROM taken LEFT JOIN left_list USING (pair)
      GROUP BY taken.course_id
    ) AS change
    WHERE c.id = change.course_id
  )
  SELECT taken.id, left_list.id AS place_id, r.user_id, r.course_id,
         taken.enrolled_at, taken.completed_at, taken.progress_percentage,
         r.price::text AS price, r.version::text AS version,
         CASE
           WHEN r.refusal IS NOT NULL THEN r.refusal
           WHEN r.is_repeated AND taken.id IS NULL THEN 'full'
           WHEN r.is_repeated THEN 'already-enrolled'
           WHEN taken.id IS NULL AND r.is_full THEN 'full'
           WHEN taken.id IS NULL THEN 'already-enrolled'
         END AS refusal
  FROM ranked AS r
  LEFT JOIN taken USING (pair)
  LEFT JOIN left_list USING (pair)
  ORDER BY r.position`

/** A row of {@link takeSeats}: a seat, or the reason why there is none. */
export type SeatRow = TakenRow | RefusedRow

/** A seat that was taken. */
export interface TakenRow {
  readonly refusal: null
  readonly id: number
  readonly user_id: number
  readonly course_id: number
  readonly enrolled_at: Date
  readonly completed_at: Date | null
  readonly progress_percentage: number
  readonly price: string
  readonly version: string
  /** The place on the waiting list that ended with it. */
  readonly place_id: number | null
}

/** A seat that was refused. */
export interface RefusedRow {
  readonly refusal:
    | 'no-user'
    | 'already-enrolled'
    | 'not-published'
    | 'price-changed'
    | 'discount-exceeds-price'
    | 'full'
  readonly price: string
}
