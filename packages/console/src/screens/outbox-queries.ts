/** Where each shard of each sink stands. */
export const selectShards = `
  SELECT c.sink, c.shard, c.owner, c.lease_until > clock_timestamp() AS "isAlive",
    c.fence::text AS fence, c.tick::text AS tick, (newest.id - c.tick)::float8 AS behind
  FROM @schema.outbox_cursor c
  CROSS JOIN (SELECT coalesce(max(id), 0) AS id FROM @schema.outbox_tick) AS newest
  ORDER BY c.sink, c.shard`

/** Groups of one state that are shown: each with the event that was published last. */
export const groupsShown = 50

/** Of the groups that are shown, in the order of their summaries. */
function newestOf(status: 'dead' | 'retry'): string {
  return `
    SELECT sink, coalesce(fingerprint, '') AS fingerprint, max(seq) AS seq
    FROM @schema.outbox_failure
    WHERE status = '${status}'
    GROUP BY sink, coalesce(fingerprint, '')
    ORDER BY count(*) DESC, coalesce(fingerprint, '')
    LIMIT ${groupsShown}`
}

/**
 * An event of each group that is shown. Reads what failed once, however many groups there are;
 * LATERAL has the events themselves be found by their key, also in a table without statistics.
 */
export const selectExamples = `
  SELECT newest.sink, newest.fingerprint, example.*
  FROM ((${newestOf('dead')}) UNION ALL (${newestOf('retry')})) AS newest
  CROSS JOIN LATERAL (
    SELECT f.status, f.event ->> 'id' AS event_id, f.event ->> 'type' AS event_type,
      f.aggregatetype AS aggregate_type, f.aggregateid AS aggregate_id,
      f.finished AS attempts, f.event -> 'payload' AS payload
    FROM @schema.outbox_failure f
    WHERE f.sink = newest.sink AND f.seq = newest.seq
    LIMIT 1
  ) AS example`
