/**
 * Whether a row waits for its next attempt. A time further ahead than any delay was written before
 * the server's clock was set back.
 */
function isEarlySql(row: string): string {
  return `(
    ${row}.status = 'retry'
    AND ${row}.next_at > clock_timestamp()
    AND ${row}.next_at <= clock_timestamp() + $4 * interval '1 ms'
  )`
}

/**
 * Events that wait behind a dead or an early one are left out: they would take the place of those
 * that can be delivered.
 */
export const dueSql = `
  WITH due AS (
    SELECT DISTINCT aggregatetype, aggregateid FROM @schema.outbox_failure f
    WHERE sink = $1 AND shard = ANY ($2::smallint[])
      AND status IN ('replay', 'discard', 'retry') AND NOT ${isEarlySql('f')}
      AND NOT EXISTS (
        SELECT FROM @schema.outbox_failure e
        WHERE e.sink = f.sink
          AND e.aggregatetype = f.aggregatetype
          AND e.aggregateid = f.aggregateid
          AND e.seq < f.seq
          AND (e.status = 'dead' OR ${isEarlySql('e')})
      )
    LIMIT 100
  )
  SELECT f.shard, f.event::text, f.status, f.started, f.finished,
    ${isEarlySql('f')} AS is_early,
    (extract(epoch FROM clock_timestamp() - f.failed_at) * 1000)::text AS failing_ms
  FROM @schema.outbox_failure f JOIN due USING (aggregatetype, aggregateid)
  WHERE f.sink = $1
  ORDER BY f.aggregatetype, f.aggregateid, f.seq
  LIMIT $3`

export const countStartSql = `
  UPDATE @schema.outbox_failure SET started = started + 1
  WHERE sink = $1 AND seq = ANY ($2::bigint[])`

/** Takes attempts back that were counted as begun and that the process survived. */
export const uncountStartsSql = `
  UPDATE @schema.outbox_failure f SET started = greatest(f.finished, f.started - s.attempts)
  FROM unnest($2::bigint[], $3::int[]) AS s (seq, attempts)
  WHERE f.sink = $1 AND f.seq = s.seq`

export const stuckSql = `
  SELECT DISTINCT shard, aggregatetype, aggregateid FROM @schema.outbox_failure
  WHERE sink = $1 AND shard = ANY ($2::smallint[])`
