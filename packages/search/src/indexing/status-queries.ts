/**
 * Records what the index acknowledged or refused, and returns the courses whose record has changed.
 * Records of deleted courses (version null) are deleted. A version older than the recorded one,
 * from a late writer, changes nothing. $1 generation, $2 course ids, $3 versions, $4 reasons (null:
 * acknowledged).
 */
export const recordStatuses = `
  WITH entry AS (
    SELECT * FROM unnest($2::integer[], $3::bigint[], $4::text[]) AS entry (course_id, version, reason)
  ), gone AS (
    DELETE FROM @schema.search_status AS status
    USING entry
    WHERE entry.version IS NULL AND status.generation = $1 AND status.course_id = entry.course_id
  )
  INSERT INTO @schema.search_status AS status (generation, course_id, state, version, reason)
  SELECT $1, course_id, CASE WHEN reason IS NULL THEN 'synced' ELSE 'failed' END, version, reason
  FROM entry
  WHERE version IS NOT NULL
  ORDER BY course_id
  ON CONFLICT (generation, course_id) DO UPDATE
  SET state = excluded.state, version = excluded.version, reason = excluded.reason, changed_at = now()
  WHERE status.version <= excluded.version
    AND (status.state, status.version, status.reason)
        IS DISTINCT FROM (excluded.state, excluded.version, excluded.reason)
  RETURNING course_id`

/** A course's version and what the index knows of it. $1 generation, $2 course. */
export const selectStatus = `
  SELECT course.version, status.state, status.version AS indexed_version, status.reason,
         status.changed_at
  FROM @schema.courses AS course
  LEFT JOIN @schema.search_status AS status
    ON status.generation = $1 AND status.course_id = course.id
  WHERE course.id = $2`

/** A row of {@link selectStatus}. */
export interface StatusRow {
  readonly version: string
  readonly state: 'synced' | 'failed' | null
  readonly indexed_version: string | null
  readonly reason: string | null
  readonly changed_at: Date | string | null
}

/**
 * The number of courses in each state. A published course without a status is pending; a draft
 * without a status does not count. $1 generation.
 */
export const countStatuses = `
  SELECT count(*) FILTER (WHERE state = 'pending')::integer AS pending,
         count(*) FILTER (WHERE state = 'synced')::integer AS synced,
         count(*) FILTER (WHERE state = 'failed')::integer AS failed
  FROM (
    SELECT CASE WHEN status.version >= course.version THEN status.state ELSE 'pending' END AS state
    FROM @schema.courses AS course
    LEFT JOIN @schema.search_status AS status
      ON status.generation = $1 AND status.course_id = course.id
    WHERE course.is_published OR status.course_id IS NOT NULL
  ) AS course`

/** The courses that cannot be indexed as they are, by id. $1 generation, $2 last id, $3 limit. */
export const selectFailed = `
  SELECT course.id, course.version, status.state, status.version AS indexed_version, status.reason,
         status.changed_at
  FROM @schema.search_status AS status
  JOIN @schema.courses AS course
    ON course.id = status.course_id AND course.version <= status.version
  WHERE status.generation = $1 AND status.state = 'failed' AND status.course_id > $2
  ORDER BY status.course_id
  LIMIT $3`

/** A row of {@link selectFailed}. */
export interface FailedRow extends StatusRow {
  readonly id: number
}
