import { shardSql } from './log/shard.ts'

/** Counts the lag of all shards at one position together, from the tick that they stand at. */
const lagSql = `
  SELECT count(*)::int AS events, min(o.created_at) AS oldest_at
  FROM (
    SELECT c.tick, c.tick_to, c.last_seq, array_agg(c.shard) AS shards
    FROM @schema.outbox_cursor c
    WHERE c.sink = s.sink
    GROUP BY c.tick, c.tick_to, c.last_seq
  ) AS c
  CROSS JOIN LATERAL (
    SELECT snap FROM @schema.outbox_tick WHERE id <= c.tick ORDER BY id DESC LIMIT 1
  ) AS t
  LEFT JOIN @schema.outbox_tick u ON u.id = c.tick_to
  JOIN @schema.outbox o
    ON ${shardSql('o')} = ANY (c.shards)
    AND o.xid >= pg_snapshot_xmin(t.snap)
    AND NOT pg_visible_in_snapshot(o.xid, t.snap)
    AND NOT coalesce(pg_visible_in_snapshot(o.xid, u.snap) AND o.seq <= c.last_seq, false)
  WHERE o.type LIKE ANY (
    SELECT CASE WHEN type = '*' THEN '%' ELSE regexp_replace(type, '\\*$', '%') END
    FROM unnest(s.types) AS type
  )`

export const sinksSql = `
  SELECT s.sink,
    lag.events AS lag,
    lag.oldest_at,
    greatest(
      0, coalesce(extract(epoch FROM clock_timestamp() - lag.oldest_at) * 1000, 0)
    )::float8 AS lag_ms,
    failure.parked,
    failure.dead,
    cursor.unowned,
    cursor.tick = slowest.tick AND slowest.tick < newest.tick AS holds_purge
  FROM @schema.outbox_sink s
  CROSS JOIN LATERAL (${lagSql}) AS lag
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE f.status <> 'dead')::int AS parked,
      count(*) FILTER (WHERE f.status = 'dead')::int AS dead
    FROM @schema.outbox_failure f WHERE f.sink = s.sink
  ) AS failure
  CROSS JOIN LATERAL (
    SELECT min(c.tick) AS tick,
      count(*) FILTER (WHERE c.lease_until < clock_timestamp())::int AS unowned
    FROM @schema.outbox_cursor c WHERE c.sink = s.sink
  ) AS cursor
  CROSS JOIN (SELECT min(tick) AS tick FROM @schema.outbox_cursor) AS slowest
  CROSS JOIN (SELECT max(id) AS tick FROM @schema.outbox_tick) AS newest
  ORDER BY s.sink`

export const ownersSql = `
  SELECT sink, owner, count(*)::int AS shards, max(fence)::text AS fence,
    bool_or(lease_until > clock_timestamp()) AS is_alive
  FROM @schema.outbox_cursor
  WHERE owner IS NOT NULL
  GROUP BY sink, owner
  ORDER BY sink, owner`

/** The session that has the oldest snapshot. A VACUUM has one as well, and holds nobody back. */
export const oldestSessionSql = `
  SELECT * FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND datname = current_database()
    AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
    AND query !~* '^[[:space:]]*(autovacuum: )?vacuum'
  ORDER BY greatest(age(backend_xmin), age(backend_xid)) DESC NULLS LAST, xact_start
  LIMIT 1`

export const serverSql = `
  SELECT extract(epoch FROM clock_timestamp() - t.at)::float8 * 1000 AS tick_age_ms,
    pg_total_relation_size('@schema.outbox'::regclass)::float8 AS log_bytes,
    a.pid, a.application_name AS application, a.state,
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8 * 1000 AS open_ms
  FROM (SELECT at FROM @schema.outbox_tick ORDER BY id DESC LIMIT 1) AS t
  LEFT JOIN (${oldestSessionSql}) AS a ON true`

export const removeSinkSql = 'DELETE FROM @schema.outbox_sink WHERE sink = $1'
