import { shardSql } from './shard.ts'

const insertColumns = 'id, aggregatetype, aggregateid, type, payload, headers, version, shard'

/**
 * Text parameters alone, here and below: every client passes text unchanged, and not every one can
 * pass JSON or arrays.
 */
export const insertOneSql = `
  INSERT INTO @schema.outbox (${insertColumns})
  VALUES (
    $1::text::uuid, $2, $3, $4,
    nullif($5::text, 'null')::jsonb,
    coalesce($6::text::jsonb, '{}'),
    $7::text::bigint,
    $8::text::smallint
  )`

/** `unnest` yields the lines in their order, all columns side by side. */
export const insertManySql = `
  INSERT INTO @schema.outbox (${insertColumns})
  SELECT id::uuid, aggregatetype, aggregateid, type, payload::jsonb,
    coalesce(headers::jsonb, '{}'), version::bigint, shard::smallint
  FROM (
    SELECT
      unnest(string_to_array($1::text, $9::text)) AS id,
      unnest(string_to_array($2::text, $9::text)) AS aggregatetype,
      unnest(string_to_array($3::text, $9::text)) AS aggregateid,
      unnest(string_to_array($4::text, $9::text)) AS type,
      unnest(string_to_array($5::text, $9::text, 'null')) AS payload,
      unnest(string_to_array($6::text, $9::text)) AS headers,
      unnest(string_to_array($7::text, $9::text)) AS version,
      unnest(string_to_array($8::text, $9::text)) AS shard
  ) AS event`

/**
 * A condition that holds on the server whose history is the parameter's, and fails the statement on
 * any other: there the ticks that this process remembers name other moments. NULL: any server.
 */
export function sameServerSql(parameter: number): string {
  return `(SELECT @schema.server_history($${parameter}::text)) IS NOT NULL`
}

export const advanceSql = `
  SELECT id::text, snap::text, seq_hi::text, due_ms
  FROM @schema.outbox_advance($1, $2)
  WHERE ${sameServerSql(3)}`

const tickColumns = 'id::text, snap::text, seq_hi::text'

/** The outer names are text, so the order needs the table's. */
export const loadTicksSql = `
  (
    SELECT ${tickColumns} FROM @schema.outbox_tick
    WHERE id <= $1 AND ${sameServerSql(3)} ORDER BY outbox_tick.id DESC LIMIT 1
  )
  UNION ALL
  (
    SELECT ${tickColumns} FROM @schema.outbox_tick
    WHERE id > $1 ORDER BY outbox_tick.id LIMIT $2
  )`

/** Conditions on shards and types: their text, and the number of the first parameter after them. */
export interface FilterSql {
  readonly text: string
  readonly next: number
}

const eventColumns = `
  seq || ' ' || id || ' ' || version || ' ' || (date_part('epoch', created_at) * 1000)::bigint
    || ' ' || coalesce(shard::text, '') AS head,
  aggregatetype, aggregateid, type, payload::text, nullif(headers, '{}')::text AS headers`

/**
 * The two ways in which an event can be new are two branches, so that both are ranges of the index
 * on transaction ids.
 */
export function narrowSql(
  { text, next }: FilterSql,
  late: 'late commits' | 'no late commits',
): string {
  const wanted = `
      AND seq > $4::bigint AND pg_visible_in_snapshot(xid, $3::pg_snapshot) ${text}`
  const begun = `
    SELECT * FROM @schema.outbox AS event
    WHERE xid >= $1::xid8 AND xid < $2::xid8 ${wanted}`
  const lateCommits = `
    UNION ALL
    SELECT * FROM @schema.outbox AS event
    WHERE xid = ANY ($${next}::xid8[]) ${wanted}`
  return `
    SELECT ${eventColumns}
    FROM (${begun} ${late === 'late commits' ? lateCommits : ''}) AS event
    WHERE ${sameServerSql(6)}
    ORDER BY event.seq LIMIT $5`
}

/** No range of transaction ids: only the primary key can serve it, in order. */
export function wideSql({ text }: FilterSql): string {
  return `
    SELECT ${eventColumns} FROM @schema.outbox AS event
    WHERE seq > $3::bigint AND seq <= $4::bigint
      AND pg_visible_in_snapshot(xid, $2::pg_snapshot)
      AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot) ${text}
      AND ${sameServerSql(6)}
    ORDER BY event.seq LIMIT $5`
}

/**
 * Transactions that began after a tick have positions above all that it sees; those in progress may
 * have any.
 */
export const boundsSql = `
  SELECT least(
    (SELECT seq FROM @schema.outbox WHERE seq > $1::bigint ORDER BY seq LIMIT 1),
    (SELECT min(seq) FROM @schema.outbox WHERE xid = ANY ($2::xid8[]))
  )::text AS low
  WHERE ${sameServerSql(3)}`

export function shardFilterSql(parameter: number): string {
  return `AND ${shardSql('event')} = ANY ($${parameter}::smallint[])`
}

export function typeFilterSql(parameter: number): string {
  return `AND type LIKE ANY ($${parameter}::text[])`
}

/**
 * Deletes the oldest events that nobody needs any more: see `0007_outbox_purge.sql`. Each statement
 * begins where the last one ended: while a session holds an old snapshot, the deleted rows are
 * still there and would be walked again. No reader touches the start of the index.
 */
export const purgeSql = `
  SELECT count, last::text
  FROM @schema.outbox_purge($1, $2, $3::xid8)`

/**
 * Ticks before the slowest cursor are of no use. Of those after it that no cursor names, one in
 * sixteen is enough to catch up by.
 */
export const pruneTicksSql = `
  DELETE FROM @schema.outbox_tick t
  WHERE t.id > 1
    AND t.at NOT BETWEEN clock_timestamp() - interval '10 minutes'
      AND clock_timestamp() + interval '10 minutes'
    AND t.id < (SELECT max(id) FROM @schema.outbox_tick)
    AND NOT EXISTS (
      SELECT FROM @schema.outbox_cursor c WHERE c.tick = t.id OR c.tick_to = t.id
    )
    AND (t.id % 16 <> 0 OR t.id < (SELECT min(tick) FROM @schema.outbox_cursor))`
