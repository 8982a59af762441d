import type { WaitlistPlace, WaitlistStanding } from './waitlist.ts'

const place = 'id, user_id, course_id, joined_at, offer_ends_at'

/** Offers that have ended are not shown, though no one may have passed on their seats yet. */
const isCurrent = '(offer_ends_at IS NULL OR offer_ends_at > statement_timestamp())'

/**
 * Adds a place at the end of a waiting list, or returns the reason why not; the course is already
 * locked. $1 user, $2 course, $3 maximum length.
 */
export const insertPlace = `
  WITH judged AS (
    SELECT CASE
             WHEN NOT EXISTS (SELECT FROM @schema.users WHERE id = $1) THEN 'no-user'
             WHEN EXISTS (
               SELECT FROM @schema.enrollments WHERE user_id = $1 AND course_id = $2
             ) THEN 'already-enrolled'
             WHEN NOT is_published THEN 'not-published'
             WHEN EXISTS (
               SELECT FROM @schema.waitlist WHERE user_id = $1 AND course_id = $2
             ) THEN 'already-waiting'
             WHEN waitlist_length = seats_offered
               AND (max_students IS NULL OR current_enrollment + seats_offered < max_students)
               THEN 'seats-available'
             WHEN waitlist_length >= $3 THEN 'waitlist-full'
           END AS refusal
    FROM @schema.courses
    WHERE id = $2
  ), joined AS (
    INSERT INTO @schema.waitlist (user_id, course_id)
    SELECT $1::integer, $2::integer FROM judged WHERE refusal IS NULL
    RETURNING ${place}
  ), counted AS (
    UPDATE @schema.courses
    SET waitlist_length = waitlist_length + 1
    WHERE id = $2 AND EXISTS (SELECT FROM joined)
  )
  SELECT judged.refusal, joined.*,
         (SELECT count(*)::integer FROM @schema.waitlist WHERE course_id = $2) AS ahead
  FROM judged LEFT JOIN joined ON true`

/** A row of {@link insertPlace}: a place, or the reason why there is none. */
export type JoinRow =
  | (StandingRow & { readonly refusal: null })
  | {
      readonly refusal:
        | 'no-user'
        | 'already-enrolled'
        | 'not-published'
        | 'already-waiting'
        | 'seats-available'
        | 'waitlist-full'
    }

/**
 * Ends a user's place, whose course is already locked; its seat, if it holds one, is passed on by
 * {@link passOnSeats}. $1 user, $2 course.
 */
export const deletePlace = `
  DELETE FROM @schema.waitlist
  WHERE user_id = $1 AND course_id = $2
  RETURNING ${place}`

/**
 * Ends all places of a user, who can take no further one by now; locks courses that the user has
 * only just joined. $1 user.
 */
export const deletePlacesOfUser = `
  WITH course AS (
    SELECT id, version
    FROM @schema.courses
    WHERE id IN (SELECT course_id FROM @schema.waitlist WHERE user_id = $1)
    ORDER BY id
    FOR NO KEY UPDATE
  )
  DELETE FROM @schema.waitlist AS w
  USING course
  WHERE w.user_id = $1 AND course.id = w.course_id
  RETURNING w.id, w.user_id, w.course_id, w.joined_at, w.offer_ends_at,
            course.version::text AS version`

/** Ends all places of a course that is being deleted. $1 course. */
export const deletePlacesOfCourse = `
  WITH ended AS (
    DELETE FROM @schema.waitlist WHERE course_id = $1 RETURNING ${place}
  )
  SELECT * FROM ended ORDER BY id`

/**
 * Ends offers whose time is over, offers every free seat to those who wait the longest, and counts
 * places and offers anew. In a course that is not published, offers are taken back. The courses are
 * already locked. Returns what changed.
 *
 * The state decides, never the time alone: a seat is held until a statement such as this one
 * releases it. An offer from further in the future than its own length shows that the clock was set
 * back, and begins anew.
 *
 * $1 courses, $2 length of an offer in milliseconds.
 */
export const passOnSeats = `
  WITH course AS (
    SELECT id, version, is_published, max_students - current_enrollment AS seats
    FROM @schema.courses
    WHERE id = ANY ($1::integer[])
  ), offer AS (
    SELECT w.id, w.course_id,
           CASE
             WHEN w.offer_ends_at <= statement_timestamp() THEN 'lapsed'
             WHEN NOT c.is_published THEN 'revoked'
             WHEN w.offered_at > statement_timestamp() + (w.offer_ends_at - w.offered_at)
               THEN 'offered'
             ELSE 'held'
           END AS state
    FROM course AS c
    JOIN @schema.waitlist AS w ON w.course_id = c.id AND w.offered_at IS NOT NULL
  ), next AS (
    SELECT waiting.id, c.id AS course_id, 'offered' AS state
    FROM course AS c
    CROSS JOIN LATERAL (
      SELECT w.id
      FROM @schema.waitlist AS w
      WHERE w.course_id = c.id AND w.offered_at IS NULL
      ORDER BY w.id
      LIMIT CASE
        WHEN c.seats IS NOT NULL THEN greatest(0, c.seats - (
          SELECT count(*) FROM offer WHERE course_id = c.id AND state IN ('held', 'offered')
        ))
      END
    ) AS waiting
    WHERE c.is_published
  ), change AS (
    SELECT * FROM offer UNION ALL SELECT * FROM next
  ), lapsed AS (
    DELETE FROM @schema.waitlist AS w
    USING change
    WHERE w.id = change.id AND change.state = 'lapsed'
    RETURNING w.id, w.user_id, w.course_id, w.offer_ends_at
  ), changed AS (
    UPDATE @schema.waitlist AS w
    SET offered_at = CASE WHEN change.state = 'offered' THEN statement_timestamp() END,
        offer_ends_at = CASE
          WHEN change.state = 'offered'
            THEN statement_timestamp() + $2::double precision * interval '1 millisecond'
        END
    FROM change
    WHERE w.id = change.id AND change.state IN ('offered', 'revoked')
    RETURNING w.id, w.user_id, w.course_id, w.offer_ends_at
  ), total AS (
    SELECT c.id,
           (SELECT count(*) FROM @schema.waitlist WHERE course_id = c.id)
             - (SELECT count(*) FROM change WHERE course_id = c.id AND state = 'lapsed') AS places,
           (
             SELECT count(*) FROM change WHERE course_id = c.id AND state IN ('held', 'offered')
           ) AS offers
    FROM course AS c
  ), counted AS (
    UPDATE @schema.courses AS c
    SET waitlist_length = total.places, seats_offered = total.offers
    FROM total
    WHERE c.id = total.id AND (c.waitlist_length, c.seats_offered) <> (total.places, total.offers)
    RETURNING c.id
  )
  SELECT change.id, done.user_id, change.course_id, done.offer_ends_at, change.state,
         course.version::text AS version
  FROM change
  JOIN (SELECT * FROM lapsed UNION ALL SELECT * FROM changed) AS done ON done.id = change.id
  JOIN course ON course.id = change.course_id
  UNION ALL
  SELECT NULL, NULL, id, NULL, 'counted', NULL FROM counted
  ORDER BY state, id`

/** A row of {@link passOnSeats}: a place that changed, or a course whose counts did. */
export type PassedOnRow =
  | { readonly state: 'counted'; readonly course_id: number }
  | (ChangedPlace & { readonly state: 'lapsed' | 'revoked' })
  | (ChangedPlace & { readonly state: 'offered'; readonly offer_ends_at: Date })

interface ChangedPlace extends Pick<PlaceRow, 'id' | 'user_id' | 'course_id'> {
  /** Version of the course. */
  readonly version: string
}

/**
 * Courses with an offer that has ended, with an offer that the clock left behind when it was set
 * back, or with a free seat for someone who waits.
 */
export const selectCoursesToPassOn = `
  SELECT course_id AS id
  FROM @schema.waitlist
  WHERE offered_at IS NOT NULL AND offer_ends_at <= statement_timestamp()
  UNION
  SELECT course_id
  FROM @schema.waitlist
  WHERE offered_at > statement_timestamp()
    AND offered_at > statement_timestamp() + (offer_ends_at - offered_at)
  UNION
  SELECT id
  FROM @schema.courses
  WHERE waitlist_length > seats_offered
    AND is_published
    AND (max_students IS NULL OR current_enrollment + seats_offered < max_students)`

/** $1 user, $2 course. */
export const selectStanding = `
  SELECT ${place},
         (
           SELECT count(*)::integer
           FROM @schema.waitlist AS other
           WHERE other.course_id = w.course_id AND other.id < w.id AND ${isCurrent}
         ) AS ahead
  FROM @schema.waitlist AS w
  WHERE user_id = $1 AND course_id = $2 AND ${isCurrent}`

/**
 * First come first. $1 course, $2 id of the last place of the page before or null, $3 limit.
 */
export const selectPlacesOfCourse = `
  SELECT ${place}
  FROM @schema.waitlist
  WHERE course_id = $1 AND ($2::integer IS NULL OR id > $2) AND ${isCurrent}
  ORDER BY id
  LIMIT $3`

/**
 * Newest first. $1 user, $2 id of the last place of the page before or null, $3 limit or null.
 */
export const selectPlacesOfUser = `
  SELECT ${place}
  FROM @schema.waitlist
  WHERE user_id = $1 AND ($2::integer IS NULL OR id < $2) AND ${isCurrent}
  ORDER BY id DESC
  LIMIT $3`

/** A row of the statements above that return places. */
export interface PlaceRow {
  readonly id: number
  readonly user_id: number
  readonly course_id: number
  readonly joined_at: Date
  readonly offer_ends_at: Date | null
}

/** A place, and the number of places ahead. */
export interface StandingRow extends PlaceRow {
  readonly ahead: number
}

/** Reads a row. */
export function toPlace(row: PlaceRow): WaitlistPlace {
  return {
    id: row.id,
    userId: row.user_id,
    courseId: row.course_id,
    joinedAt: new Date(row.joined_at),
    offerEndsAt: row.offer_ends_at && new Date(row.offer_ends_at),
  }
}

/** Reads a row. */
export function toStanding(row: StandingRow): WaitlistStanding {
  return { ...toPlace(row), ahead: row.ahead }
}
