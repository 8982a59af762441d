import { sameServerSql } from '../log/log-queries.ts'
import { shardCount } from '../log/shard.ts'

/**
 * A source of one row that makes the statement's transaction wait for its own durability where the
 * server would not. A fence that a crash takes back would be handed out twice, and a failure would
 * be missed.
 */
const durably = `(
    SELECT set_config(
      'synchronous_commit',
      CASE current_setting('synchronous_commit')
        WHEN 'off' THEN 'local'
        ELSE current_setting('synchronous_commit')
      END,
      true
    )
  ) AS durable`

const leaseEnd = `clock_timestamp() + $3 * interval '1 ms'`

const lease = `lease_until = ${leaseEnd}, leased_at = clock_timestamp()`

/**
 * The sink as the asking relay defines it, when that is how it was registered last. The lock waits
 * for a registration that is being carried out, and makes the next one wait.
 */
const registered = `
  SELECT FROM @schema.outbox_sink s
  WHERE s.sink = $1 AND s.mode = $4 AND s.types = $5::text[] FOR SHARE`

const cursorColumns = `
    c.shard, c.tick::text, c.tick_to::text, c.last_seq::text, c.fence::text, c.crashes`

/** Registers a sink: see `0006_outbox_register.sql`. */
export const openCursorsSql = `
  SELECT @schema.outbox_register($1, $2, $3::text[], $4, $5, $6, $7, ${shardCount})`

/**
 * Renews the leases. Those of other owners that were renewed in the future get their full length
 * from now on: their owner renews them in time if it is alive.
 */
export const pulseSql = `
  WITH registered AS (${registered}
  ), seen AS (
    INSERT INTO @schema.outbox_owner (sink, owner, seen_until, seen_at)
    SELECT $1, $2, ${leaseEnd}, clock_timestamp() FROM registered
    ON CONFLICT (sink, owner) DO UPDATE SET
      seen_until = excluded.seen_until, seen_at = excluded.seen_at
  ), gone AS (
    DELETE FROM @schema.outbox_owner
    WHERE sink = $1 AND (
      owner <> $2 AND seen_until < clock_timestamp() - interval '1 hour'
      OR owner = $2 AND NOT EXISTS (SELECT FROM registered)
    )
  ), renewed AS (
    UPDATE @schema.outbox_cursor SET ${lease}
    WHERE sink = $1 AND owner = $2 AND EXISTS (SELECT FROM registered)
    RETURNING shard, fence
  ), corrected AS (
    UPDATE @schema.outbox_cursor c
    SET lease_until = clock_timestamp() + (c.lease_until - c.leased_at),
      leased_at = clock_timestamp()
    FROM (
      SELECT shard FROM @schema.outbox_cursor
      WHERE sink = $1 AND owner <> $2 AND leased_at > clock_timestamp()
      FOR UPDATE SKIP LOCKED
    ) AS future
    WHERE c.sink = $1 AND c.shard = future.shard
  )
  SELECT
    EXISTS (SELECT FROM registered) AS is_registered,
    (
      SELECT count(*)::int + 1 FROM @schema.outbox_owner
      WHERE sink = $1 AND owner <> $2
        AND seen_until > clock_timestamp() AND seen_at <= clock_timestamp()
    ) AS relays,
    (
      SELECT count(*)::int FROM @schema.outbox_cursor
      WHERE sink = $1 AND lease_until < clock_timestamp()
    ) AS free,
    (SELECT coalesce(json_agg(shard ORDER BY shard), '[]') FROM renewed) AS shards,
    (SELECT coalesce(json_agg(fence::text ORDER BY shard), '[]') FROM renewed) AS fences`

export const claimSql = `
  UPDATE @schema.outbox_cursor c
  SET fence = c.fence + 1, owner = $2, ${lease},
    crashes = CASE
      WHEN c.owner IS NULL OR c.owner = $2 THEN c.crashes
      ELSE least(c.crashes + 1, 100)
    END
  FROM (
    SELECT shard FROM @schema.outbox_cursor
    WHERE sink = $1 AND lease_until < clock_timestamp() AND EXISTS (${registered})
      AND ${sameServerSql(6)}
    ORDER BY shard LIMIT $7 FOR UPDATE SKIP LOCKED
  ) AS free, ${durably}
  WHERE c.sink = $1 AND c.shard = free.shard
  RETURNING ${cursorColumns}`

export const reclaimSql = `
  UPDATE @schema.outbox_cursor c SET fence = c.fence + 1, ${lease}
  FROM ${durably}
  WHERE c.sink = $1 AND c.owner = $2 AND EXISTS (${registered}) AND ${sameServerSql(6)}
  RETURNING ${cursorColumns}`

export const releaseSql = `
  UPDATE @schema.outbox_cursor SET owner = NULL, lease_until = 'epoch'
  WHERE sink = $1 AND owner = $2 AND shard = ANY ($3::smallint[])`

export const leaveSql = `
  WITH released AS (
    UPDATE @schema.outbox_cursor SET owner = NULL, lease_until = 'epoch'
    WHERE sink = $1 AND owner = $2
  )
  DELETE FROM @schema.outbox_owner WHERE sink = $1 AND owner = $2`

/** Moves the cursors whose fence is still the one that was read. */
export const acknowledgeSql = `
  UPDATE @schema.outbox_cursor c
  SET tick = p.tick, tick_to = p.tick_to, last_seq = p.last_seq, crashes = p.crashes
  FROM unnest(
    $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::smallint[]
  ) AS p (shard, fence, tick, tick_to, last_seq, crashes)
  WHERE c.sink = $1 AND c.shard = p.shard AND c.fence = p.fence AND ${sameServerSql(8)}
  RETURNING c.shard`

/** An event that an operator has discarded while it was tried stays so, however that ended. */
export const acknowledgeWithFailuresSql = `
  WITH moved AS (${acknowledgeSql}),
  failed AS (
    INSERT INTO @schema.outbox_failure AS f (
      sink, seq, shard, aggregatetype, aggregateid, event,
      status, started, finished, next_at, fingerprint, error
    )
    SELECT $1, r.seq, r.shard, r.aggregatetype, r.aggregateid, r.event,
      r.status, r.started, r.finished,
      clock_timestamp() + r.delay_ms * interval '1 ms', r.fingerprint, r.error
    FROM jsonb_to_recordset($9::jsonb) AS r (
      seq bigint, shard smallint, aggregatetype text, aggregateid text, event jsonb,
      status text, started int, finished int, delay_ms float8, fingerprint text, error jsonb
    )
    JOIN moved USING (shard) CROSS JOIN ${durably}
    ON CONFLICT (sink, seq) DO UPDATE SET
      status = CASE WHEN f.status = 'discard' THEN f.status ELSE excluded.status END,
      started = excluded.started, finished = excluded.finished,
      next_at = excluded.next_at, fingerprint = excluded.fingerprint, error = excluded.error
  ), settled AS (
    DELETE FROM @schema.outbox_failure f
    USING jsonb_to_recordset($10::jsonb) AS s (
      shard smallint, aggregatetype text, aggregateid text, seq bigint
    )
    JOIN moved USING (shard)
    WHERE f.sink = $1 AND f.aggregatetype = s.aggregatetype AND f.aggregateid = s.aggregateid
      AND f.seq <= s.seq
  )
  SELECT shard FROM moved`

export const havePassedSql = `
  SELECT count(*) FILTER (WHERE tick >= $2) = $3 AS passed
  FROM @schema.outbox_cursor WHERE sink = ANY ($1::text[])`

/** Tick 1 is no moment of the log: both it and 0 are its beginning. */
export const behindSql = `
  SELECT slowest.sink,
    greatest(
      0, coalesce(extract(epoch FROM clock_timestamp() - next.at) * 1000, 0)
    )::float8 AS behind_ms
  FROM (SELECT sink, min(tick) AS tick FROM @schema.outbox_cursor GROUP BY sink) AS slowest
  LEFT JOIN LATERAL (
    SELECT at FROM @schema.outbox_tick t
    WHERE t.id > greatest(slowest.tick, 1) ORDER BY t.id LIMIT 1
  ) AS next ON true
  ORDER BY slowest.sink`
