import type { SqlClient } from '../../stores/sql-client.ts'

const rowsPerStatement = 5_000

/**
 * Deletes events that are older than `retentionMs` and that every cursor has passed, then ticks
 * that no cursor needs. An event that committed late is kept however old it is: what counts is the
 * slowest cursor's snapshot, not the event's position or age. Each statement deletes at most 5,000
 * rows; one relay at a time purges, others find the lock taken and leave. Gives back how many
 * events went.
 */
export async function purge(
  sql: SqlClient,
  {
    retentionMs,
    isStopping = () => false,
  }: { readonly retentionMs: number; readonly isStopping?: () => boolean },
): Promise<number> {
  let purged = 0
  let from = '0'
  for (let count = rowsPerStatement; count === rowsPerStatement && !isStopping();) {
    const { rows } = await sql.query<{ count: number; last: string | null }>(purgeSql, [
      retentionMs,
      rowsPerStatement,
      from,
    ])
    count = rows[0]?.count ?? 0
    from = rows[0]?.last ?? from
    purged += count
  }
  await sql.query(pruneSql)
  return purged
}

const slowestSql = `
  SELECT pg_snapshot_xmin(t.snap) AS xmin
  FROM (
    SELECT DISTINCT tick FROM @schema.outbox_cursor
    UNION SELECT max(id) FROM @schema.outbox_tick
  ) AS c CROSS JOIN LATERAL (SELECT snap FROM @schema.outbox_tick WHERE id <= c.tick ORDER BY id DESC LIMIT 1) AS t
  ORDER BY xmin LIMIT 1`

/**
 * Rows below the slowest xmin are visible in every cursor's snapshot; the range is at the start of
 * the index, which no reader touches. Each statement begins where the one before ended: while some
 * session holds an old snapshot, what was deleted still lies there and would be walked again.
 */
const purgeSql = `
  WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtextextended('headwater.purge', '@schema.outbox'::regclass::oid::bigint)) AS is_mine
  ), old AS MATERIALIZED (
    SELECT seq, xid FROM @schema.outbox
    WHERE (SELECT is_mine FROM turn) AND xid >= $3::xid8 AND xid < (${slowestSql})
      AND created_at < clock_timestamp() - $1 * interval '1 ms'
    ORDER BY xid LIMIT $2
  ), gone AS (
    DELETE FROM @schema.outbox USING old WHERE outbox.seq = old.seq RETURNING 1
  )
  SELECT count(*)::int AS count, (SELECT xid::text FROM old ORDER BY old.xid DESC LIMIT 1) AS last FROM gone`

/**
 * Ticks before the slowest cursor are of no use; of those behind it that no cursor names one in
 * sixteen is enough to catch up by.
 */
const pruneSql = `
  DELETE FROM @schema.outbox_tick t
  WHERE t.id > 1 AND t.at < clock_timestamp() - interval '10 minutes'
    AND t.id < (SELECT max(id) FROM @schema.outbox_tick)
    AND NOT EXISTS (SELECT FROM @schema.outbox_cursor c WHERE c.tick = t.id OR c.tick_to = t.id)
    AND (t.id % 16 <> 0 OR t.id < (SELECT min(tick) FROM @schema.outbox_cursor))`
