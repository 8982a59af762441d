const matching = `
  f.status = 'dead'
    AND ($1::text IS NULL OR f.sink = $1)
    AND ($2::text IS NULL OR f.fingerprint = $2)
    AND ($3::text IS NULL OR f.aggregatetype = $3)
    AND ($4::text IS NULL OR f.aggregateid = $4)
    AND ($5::text[] IS NULL OR f.event ->> 'id' = ANY ($5))`

export const listSql = `
  SELECT f.sink, f.aggregatetype, f.aggregateid, f.event::text, f.fingerprint,
    f.error ->> 'message' AS message, f.finished, f.replay_count, f.failed_at,
    (
      SELECT count(*)::int FROM @schema.outbox_failure w
      WHERE w.sink = f.sink
        AND w.aggregatetype = f.aggregatetype
        AND w.aggregateid = f.aggregateid
        AND w.seq > f.seq
    ) AS waiting
  FROM @schema.outbox_failure f
  WHERE ${matching}
  ORDER BY f.failed_at, f.seq
  LIMIT $6`

export const summarySql = `
  SELECT f.sink, f.fingerprint,
    count(*)::int AS count,
    count(DISTINCT (f.aggregatetype, f.aggregateid))::int AS aggregates,
    (array_agg(f.error ->> 'message' ORDER BY f.failed_at DESC))[1] AS message,
    min(f.failed_at) AS first_at,
    max(f.failed_at) AS last_at
  FROM @schema.outbox_failure f
  WHERE ${matching}
  GROUP BY f.sink, f.fingerprint
  ORDER BY count(*) DESC, f.fingerprint`

/**
 * `started = finished` clears an event of ending its process: otherwise it would die untried. By
 * `ctid`: a table that was just filled has no statistics, and a join by its key takes forever.
 */
export const markSql = `
  UPDATE @schema.outbox_failure f
  SET status = $6,
    replay_count = replay_count + CASE WHEN $6 = 'replay' THEN 1 ELSE 0 END,
    started = finished
  WHERE f.status = 'dead' AND f.ctid = ANY (ARRAY(
    SELECT f.ctid FROM @schema.outbox_failure f
    WHERE ${matching}
    ORDER BY f.failed_at, f.seq
    LIMIT $7
    FOR UPDATE
  ))`
