import type { SqlClient } from '../../stores/sql-client.ts'
import { shardCount } from '../log/shard.ts'
import type { Sink } from '../sink.ts'

/**
 * How far a sink has got in one shard: everything up to `tick`, and of the interval (tick, tickTo]
 * everything up to `lastSeq`.
 */
export interface Position {
  readonly tick: bigint
  readonly tickTo: bigint | undefined
  readonly lastSeq: bigint
}

/** A shard that this relay owns for one sink. */
export interface OwnedShard extends Position {
  readonly shard: number
  /** Risen with the last change of hands; a statement that carries an older one changes nothing. */
  readonly fence: bigint
  /** How often an owner vanished at this position. */
  readonly crashes: number
}

/** Who owns, for which sink, and for how long without a renewal. */
export interface Owning {
  readonly sink: string
  readonly owner: string
  readonly leaseMs: number
}

/**
 * Makes a sink known, with a cursor for each shard where it has none: at the beginning or at the
 * head of the log. One round trip.
 */
export async function openCursors(
  sql: SqlClient,
  { name, mode, types, startAt }: Sink,
): Promise<void> {
  await sql.query(openSql, [name, mode, types, startAt ?? 'beginning'])
}

/**
 * What a pulse found: how many relays live, how many shards nobody owns, and which ones this relay
 * still does.
 */
export interface Pulse {
  readonly relays: number
  readonly free: number
  readonly fences: ReadonlyMap<number, bigint>
}

/** Says that this relay lives, and renews the leases it still has. One round trip. */
export async function pulse(sql: SqlClient, { sink, owner, leaseMs }: Owning): Promise<Pulse> {
  const { rows } = await sql.query<{
    relays: number
    free: number
    shards: number[]
    fences: string[]
  }>(pulseSql, [sink, owner, leaseMs])
  const { relays = 1, free = 0, shards = [], fences = [] } = rows[0] ?? {}
  return {
    relays,
    free,
    fences: new Map(shards.map((shard, index) => [shard, BigInt(fences[index] ?? 0)])),
  }
}

/** Takes over up to `count` shards that nobody owns; their fences rise. One round trip. */
export async function claim(
  sql: SqlClient,
  { sink, owner, leaseMs }: Owning,
  count: number,
): Promise<OwnedShard[]> {
  const { rows } = await sql.query<CursorRow>(claimSql, [sink, owner, leaseMs, count])
  return rows.map(ownedOf)
}

/**
 * Reads the shards that this relay owns once more and raises their fences, so that no statement of
 * its own that is still under way can count any more. One round trip.
 */
export async function reclaim(
  sql: SqlClient,
  { sink, owner, leaseMs }: Owning,
): Promise<OwnedShard[]> {
  const { rows } = await sql.query<CursorRow>(reclaimSql, [sink, owner, leaseMs])
  return rows.map(ownedOf)
}

/** Gives shards back for others to take at once. One round trip. */
export async function release(
  sql: SqlClient,
  { sink, owner }: Owning,
  shards: readonly number[],
): Promise<void> {
  await sql.query(releaseSql, [sink, owner, shards])
}

/**
 * Gives back whatever this relay owns of a sink and takes it off the list of those alive. One round
 * trip.
 */
export async function leave(sql: SqlClient, { sink, owner }: Owning): Promise<void> {
  await sql.query(leaveSql, [sink, owner])
}

interface CursorRow {
  readonly shard: number
  readonly tick: string
  readonly tick_to: string | null
  readonly last_seq: string
  readonly fence: string
  readonly crashes: number
}

function ownedOf(row: CursorRow): OwnedShard {
  return {
    shard: row.shard,
    tick: BigInt(row.tick),
    tickTo: row.tick_to === null ? undefined : BigInt(row.tick_to),
    lastSeq: BigInt(row.last_seq),
    fence: BigInt(row.fence),
    crashes: row.crashes,
  }
}

/**
 * A source of one row that has the statement's transaction wait for its own durability where the
 * server would not: a fence or a failure that a crash takes back would be given out twice, or be
 * missed.
 */
export const durably = `(
    SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'local' ELSE current_setting('synchronous_commit') END, true)
  ) AS durable`

const openSql = `
  WITH known AS (
    INSERT INTO @schema.outbox_sink AS s (sink, mode, types) VALUES ($1, $2, $3)
    ON CONFLICT (sink) DO UPDATE SET mode = excluded.mode, types = excluded.types
    RETURNING s.sink
  )
  INSERT INTO @schema.outbox_cursor (sink, shard, tick)
  SELECT known.sink, shard, CASE WHEN $4 = 'head' THEN (SELECT id FROM @schema.outbox_advance(0, 0)) ELSE 0 END
  FROM known, generate_series(0, ${shardCount - 1}) AS shard, ${durably}
  WHERE NOT EXISTS (SELECT FROM @schema.outbox_cursor c WHERE c.sink = $1)
  ON CONFLICT DO NOTHING`

const pulseSql = `
  WITH seen AS (
    INSERT INTO @schema.outbox_owner (sink, owner, seen_until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
    ON CONFLICT (sink, owner) DO UPDATE SET seen_until = excluded.seen_until
  ), gone AS (
    DELETE FROM @schema.outbox_owner WHERE sink = $1 AND owner <> $2 AND seen_until < clock_timestamp() - interval '1 hour'
  ), renewed AS (
    UPDATE @schema.outbox_cursor SET lease_until = clock_timestamp() + $3 * interval '1 ms'
    WHERE sink = $1 AND owner = $2
    RETURNING shard, fence
  )
  SELECT
    (SELECT count(*)::int + 1 FROM @schema.outbox_owner WHERE sink = $1 AND owner <> $2 AND seen_until > clock_timestamp()) AS relays,
    (SELECT count(*)::int FROM @schema.outbox_cursor WHERE sink = $1 AND lease_until < clock_timestamp()) AS free,
    (SELECT coalesce(json_agg(shard ORDER BY shard), '[]') FROM renewed) AS shards,
    (SELECT coalesce(json_agg(fence::text ORDER BY shard), '[]') FROM renewed) AS fences`

const claimSql = `
  UPDATE @schema.outbox_cursor c
  SET fence = c.fence + 1, owner = $2, lease_until = clock_timestamp() + $3 * interval '1 ms',
      crashes = CASE WHEN c.owner IS NULL THEN c.crashes ELSE least(c.crashes + 1, 100) END
  FROM (
    SELECT shard FROM @schema.outbox_cursor
    WHERE sink = $1 AND lease_until < clock_timestamp()
    ORDER BY shard LIMIT $4 FOR UPDATE SKIP LOCKED
  ) AS free, ${durably}
  WHERE c.sink = $1 AND c.shard = free.shard
  RETURNING c.shard, c.tick::text, c.tick_to::text, c.last_seq::text, c.fence::text, c.crashes`

const reclaimSql = `
  UPDATE @schema.outbox_cursor SET fence = fence + 1, lease_until = clock_timestamp() + $3 * interval '1 ms'
  FROM ${durably}
  WHERE sink = $1 AND owner = $2
  RETURNING shard, tick::text, tick_to::text, last_seq::text, fence::text, crashes`

const releaseSql = `
  UPDATE @schema.outbox_cursor SET owner = NULL, lease_until = 'epoch' WHERE sink = $1 AND owner = $2 AND shard = ANY ($3::smallint[])`

const leaveSql = `
  WITH left_behind AS (UPDATE @schema.outbox_cursor SET owner = NULL, lease_until = 'epoch' WHERE sink = $1 AND owner = $2)
  DELETE FROM @schema.outbox_owner WHERE sink = $1 AND owner = $2`
