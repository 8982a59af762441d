import { behindSql } from '../outbox/relay/cursor-queries.ts'
import { oldestSessionSql } from '../outbox/status-queries.ts'

/** Most rows of one sink that are counted. */
export const mostCounted = 10_000

/**
 * The session with the oldest snapshot, prepared transactions and the slots keep the server from
 * cleaning up; a prepared one of another database does as well.
 */
const serverSql = `
  SELECT
    (
      SELECT extract(epoch FROM clock_timestamp() - at)::float8 * 1000
      FROM @schema.outbox_tick ORDER BY id DESC LIMIT 1
    ) AS tick_age_ms,
    (
      SELECT count(*)::int FROM (
        SELECT FROM @schema.invalidation_intent WHERE prefix = $1 LIMIT ${mostCounted}
      ) AS counted
    ) AS intents,
    greatest(
      (
        SELECT extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000
        FROM (${oldestSessionSql}) AS oldest
      ),
      (
        SELECT extract(epoch FROM clock_timestamp() - min(prepared))::float8 * 1000
        FROM pg_prepared_xacts
      )
    ) AS snapshot_age_ms`

/**
 * Age of the first event that no tick has: ticks are made by relays, so this is all that tells that
 * none runs. The tick is read first, as a value: joined to it, the whole log may be read in order.
 */
const untickedSql = `
  SELECT coalesce(max(extract(epoch FROM clock_timestamp() - first.created_at) * 1000), 0)::float8
    AS age_ms
  FROM (
    SELECT o.created_at
    FROM @schema.outbox o
    WHERE o.xid >= (
      SELECT pg_snapshot_xmax(snap) FROM @schema.outbox_tick ORDER BY id DESC LIMIT 1
    )
    ORDER BY o.xid LIMIT 1
  ) AS first`

/** What waits is counted among the newest failures of a sink: no index has it apart. */
const sinksSql = `
  SELECT s.sink,
    greatest(behind.behind_ms, unticked.age_ms) AS behind_ms,
    cursor.unowned,
    (
      SELECT count(*)::int FROM (
        SELECT status FROM @schema.outbox_failure f
        WHERE f.sink = s.sink ORDER BY f.seq DESC LIMIT ${mostCounted}
      ) AS newest WHERE status <> 'dead'
    ) AS parked,
    (
      SELECT count(*)::int FROM (
        SELECT FROM @schema.outbox_failure f
        WHERE f.sink = s.sink AND f.status = 'dead' LIMIT ${mostCounted}
      ) AS counted
    ) AS dead
  FROM @schema.outbox_sink s
  JOIN (${behindSql}) AS behind USING (sink)
  CROSS JOIN (${untickedSql}) AS unticked
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.lease_until < clock_timestamp())::int AS unowned
    FROM @schema.outbox_cursor c WHERE c.sink = s.sink
  ) AS cursor
  ORDER BY s.sink`

/** A standby, as the server is during a failover, refuses to say where it writes. */
const slotsSql = `
  SELECT slot_name AS slot, active,
    greatest(0, pg_wal_lsn_diff(
      CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
      restart_lsn
    ))::float8 AS retained
  FROM pg_replication_slots WHERE restart_lsn IS NOT NULL
  ORDER BY slot_name`

/** Everything at once: one round trip, however many sinks and slots there are. */
export const vitalsSql = `
  SELECT server.*, (SELECT age_ms FROM (${untickedSql}) AS unticked) AS unread_ms,
    (SELECT coalesce(json_agg(one_sink), '[]') FROM (${sinksSql}) AS one_sink) AS sinks,
    (SELECT coalesce(json_agg(one_slot), '[]') FROM (${slotsSql}) AS one_slot) AS slots
  FROM (${serverSql}) AS server`
