import { paymentColumns } from '../enrollments/enrollment-queries.ts'

/** The deleted among these users. $1 ids. */
export const selectErasures = `
  SELECT user_id, pseudonym::text AS pseudonym
  FROM @schema.user_erasure
  WHERE user_id = ANY ($1::integer[])`

/** A row of {@link selectErasures}. */
export interface ErasureRow {
  readonly user_id: number
  readonly pseudonym: string
}

/** Locks the courses that a user is enrolled in or waits for, in the order of ids. $1 user. */
export const lockCoursesOfUser = `
  SELECT id
  FROM @schema.courses
  WHERE id IN (
    SELECT course_id FROM @schema.enrollments WHERE user_id = $1
    UNION
    SELECT course_id FROM @schema.waitlist WHERE user_id = $1
  )
  ORDER BY id
  FOR NO KEY UPDATE`

/** Locks a user against changes and enrollments. $1 user. */
export const lockUser = `
  SELECT version::text AS version
  FROM @schema.users
  WHERE id = $1
  FOR UPDATE`

/**
 * Releases all seats of a user; their payments are kept under the pseudonym. $1 user, $2 pseudonym.
 */
export const releaseSeatsOfUser = `
  WITH withdrawn AS (
    DELETE FROM @schema.enrollments
    WHERE user_id = $1
    RETURNING *
  ), ended AS (
    INSERT INTO @schema.enrollment_ended (enrollment_id, user_id, course_id, ${paymentColumns})
    SELECT id, $2::bigint, course_id, ${paymentColumns}
    FROM withdrawn
  ), counted AS (
    UPDATE @schema.courses AS c
    SET current_enrollment = current_enrollment - 1
    FROM withdrawn
    WHERE c.id = withdrawn.course_id
    RETURNING c.id, c.version::text AS version, c.waitlist_length
  )
  SELECT withdrawn.*, counted.version, counted.waitlist_length
  FROM withdrawn
  JOIN counted ON counted.id = withdrawn.course_id
  ORDER BY withdrawn.course_id`

/**
 * Replaces a user's id by the pseudonym in parked events, except `user.deleted`: a sink that erases
 * the user elsewhere needs the id. $1 user, $2 pseudonym.
 */
export const pseudonymiseLetters = `
  UPDATE @schema.outbox_failure
  SET event = @schema.pseudonymised_event(event, $1::integer, $2::bigint)
  WHERE @schema.parked_user_ids(event) @> ARRAY[$1::bigint]
    AND event ->> 'type' <> 'user.deleted'`

/** Removes the links of users who were deleted long ago. $1 days. */
export const deleteOldErasures = `
  DELETE FROM @schema.user_erasure
  WHERE erased_at < clock_timestamp() - make_interval(secs => $1::double precision * 86400)`

/**
 * Deletes a user, notes the pseudonym and replaces the id by it in activity that waits for the log.
 * $1 user, $2 pseudonym.
 */
export const eraseUser = `
  WITH noted AS (
    INSERT INTO @schema.user_erasure (user_id, pseudonym)
    VALUES ($1, $2)
  ), earlier_payments AS (
    UPDATE @schema.enrollment_ended SET user_id = $2::bigint WHERE user_id = $1::integer
  ), waiting AS (
    UPDATE @schema.activity_spill
    SET entry = entry
      || jsonb_build_object('userId', $2::bigint)
      || CASE WHEN entry ? 'metadata' THEN '{"metadata": {}}'::jsonb ELSE '{}'::jsonb END
      || CASE WHEN entry ? 'query' THEN '{"query": null}'::jsonb ELSE '{}'::jsonb END
    WHERE entry -> 'userId' = to_jsonb($1::integer)
  )
  DELETE FROM @schema.users
  WHERE id = $1`
