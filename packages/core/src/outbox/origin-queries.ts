import { timelineNumberExpression } from '../stores/postgres/server-history.ts'
import { shardSql } from './log/shard.ts'

export const systemSql = 'SELECT system_identifier::text AS value FROM pg_control_system()'

export const timelineSql = `SELECT ${timelineNumberExpression} AS value`

export const compareSql = `
  SELECT
    coalesce(
      (SELECT xid FROM @schema.outbox ORDER BY xid DESC LIMIT 1) >= now.xmax, false
    ) OR coalesce(
      (SELECT pg_snapshot_xmax(snap) FROM @schema.outbox_tick ORDER BY id DESC LIMIT 1) > now.xmax,
      false
    ) AS is_ahead,
    (SELECT system_identifier::text FROM @schema.outbox_origin) AS system_identifier,
    (SELECT timeline FROM @schema.outbox_origin) AS timeline,
    @schema.server_history() AS history
  FROM (SELECT pg_snapshot_xmax(pg_current_snapshot()) AS xmax) AS now`

export const noteOriginSql = `
  INSERT INTO @schema.outbox_origin AS known (system_identifier, timeline) VALUES ($1, $2)
  ON CONFLICT (is_only) DO UPDATE SET
    system_identifier = coalesce(excluded.system_identifier, known.system_identifier),
    timeline = coalesce(excluded.timeline, known.timeline),
    noted_at = now()
  WHERE (known.system_identifier, known.timeline) IS DISTINCT FROM (
    coalesce(excluded.system_identifier, known.system_identifier),
    coalesce(excluded.timeline, known.timeline)
  )`

const lockSql = `
  LOCK TABLE @schema.outbox, @schema.outbox_cursor, @schema.outbox_tick IN ACCESS EXCLUSIVE MODE`

const forgetOriginSql = 'DELETE FROM @schema.outbox_origin'

/**
 * Ids and snapshots came from the same server, so they still say what was delivered. Rows that were
 * get id 3, all others a new one.
 */
const rewriteSql = `
  WITH moved AS (DELETE FROM @schema.outbox RETURNING *)
  INSERT INTO @schema.outbox (
    seq, id, aggregatetype, aggregateid, type, payload, headers, version, shard, created_at, xid
  )
  OVERRIDING SYSTEM VALUE
  SELECT
    seq, id, aggregatetype, aggregateid, type, payload, headers, version, shard, created_at,
    CASE WHEN EXISTS (
      SELECT FROM @schema.outbox_cursor c
      JOIN @schema.outbox_tick t ON t.id = c.tick
      LEFT JOIN @schema.outbox_tick u ON u.id = c.tick_to
      WHERE c.shard = ${shardSql('moved')}
        AND NOT pg_visible_in_snapshot(moved.xid, t.snap)
        AND NOT coalesce(
          pg_visible_in_snapshot(moved.xid, u.snap) AND moved.seq <= c.last_seq, false
        )
    ) THEN pg_current_xact_id() ELSE '3'::xid8 END
  FROM moved ORDER BY seq`

/** Tick 1 sees the rows of transaction 3 and no others. */
const rewindSql = `
  UPDATE @schema.outbox_cursor
  SET tick = 1, tick_to = NULL, last_seq = 0,
    fence = fence + 1, owner = NULL, lease_until = 'epoch', crashes = 0`

const dropTicksSql = 'DELETE FROM @schema.outbox_tick WHERE id > 1'

/** Statements, in this order, for ids that belong to another server. */
export const resetSqls = [lockSql, rewriteSql, rewindSql, dropTicksSql, forgetOriginSql]

/** Statements for ids that continue. */
export const continueSqls = [forgetOriginSql]
