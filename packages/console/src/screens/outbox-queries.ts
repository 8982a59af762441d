/** Where each shard of each sink stands. */
export const selectShards = `
  SELECT c.sink, c.shard, c.owner, c.lease_until > clock_timestamp() AS "isAlive",
    c.fence::text AS fence, c.tick::text AS tick, (newest.id - c.tick)::float8 AS behind
  FROM @schema.outbox_cursor c
  CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM @schema.outbox_tick) AS newest
  ORDER BY c.sink, c.shard`

/**
 * The newest failed event of each group. $1 sinks, $2 fingerprints, $3 whether they were given up.
 */
export const selectExamples = `
  SELECT wanted.at::int AS at, newest.*
  FROM unnest($1::text[], $2::text[], $3::boolean[])
    WITH ORDINALITY AS wanted (sink, fingerprint, is_dead, at)
  CROSS JOIN LATERAL (
    SELECT f.event ->> 'id' AS event_id, f.event ->> 'type' AS event_type,
      f.aggregatetype AS aggregate_type, f.aggregateid AS aggregate_id,
      f.finished AS attempts, f.event -> 'payload' AS payload
    FROM @schema.outbox_failure f
    WHERE f.sink = wanted.sink
      AND coalesce(f.fingerprint, '') = wanted.fingerprint
      AND f.status = CASE WHEN wanted.is_dead THEN 'dead' ELSE 'retry' END
    ORDER BY f.failed_at DESC, f.seq DESC
    LIMIT 1
  ) AS newest`
