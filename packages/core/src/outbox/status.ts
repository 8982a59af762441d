import type { SqlError } from '../errors.ts'
import { ResultAsync } from '../result.ts'
import type { Stores } from '../connect/stores.ts'
import { shardSql } from './log/shard.ts'

/** Who owns shards of a sink. */
export interface ShardOwner {
  /** Names the relay: host, process and a part of its own. */
  readonly owner: string
  /** How many shards. */
  readonly shards: number
  /** The highest of its fences. */
  readonly fence: bigint
  /** Whether its lease is still good. */
  readonly isAlive: boolean
}

/** How one sink is doing. */
export interface SinkStatus {
  /** Name of the sink. */
  readonly sink: string
  /** Committed events that it has not passed. */
  readonly lagEvents: number
  /** Age of the oldest of them, in seconds; 0 when there is none. */
  readonly lagSeconds: number
  /** When the oldest of them was published. */
  readonly oldest: Date | undefined
  /** Events set aside: waiting for another attempt or behind one. */
  readonly parked: number
  /** Events given up. */
  readonly dead: number
  /**
   * Whether the purge waits for it: it is behind, and no sink is further behind. What was published
   * since stays in the log.
   */
  readonly holdsPurge: boolean
  /** Who serves it. */
  readonly owners: readonly ShardOwner[]
  /** Shards that nobody owns. */
  readonly unowned: number
}

/** How the outbox is doing. */
export interface OutboxStatus {
  /** Every sink that has a cursor. */
  readonly sinks: readonly SinkStatus[]
  /** Age of the newest tick, in seconds. */
  readonly tickAgeSeconds: number
  /** What the log takes on disk with its indexes, in bytes. */
  readonly logBytes: number
  /**
   * The session that holds the oldest snapshot of the database: what keeps the server from clearing
   * away dead rows.
   */
  readonly oldestSnapshot: SnapshotHolder | undefined
}

/** A session with a transaction under way. */
export interface SnapshotHolder {
  /** Its backend's process id. */
  readonly pid: number
  /** Its application's name. */
  readonly application: string
  /** What it is doing, in PostgreSQL's words. */
  readonly state: string
  /** Time since its transaction began, in seconds. */
  readonly seconds: number
}

/**
 * Looks at every sink of the outbox, whether or not a relay of this process serves it. Three round
 * trips; counting the lag reads an entry per undelivered event.
 */
export function outboxStatus({
  postgres,
}: Pick<Stores, 'postgres'>): ResultAsync<OutboxStatus, SqlError> {
  return ResultAsync.combine([
    postgres.query<SinkRow>(sinksSql),
    postgres.query<OwnerRow>(ownersSql),
    postgres.query<ServerRow>(serverSql),
  ]).map(([sinks, owners, server]) => ({
    sinks: sinks.rows.map((row) => sinkOf(row, owners.rows)),
    tickAgeSeconds: server.rows[0]?.tick_age ?? 0,
    logBytes: server.rows[0]?.log_bytes ?? 0,
    oldestSnapshot: holderOf(server.rows[0]),
  }))
}

/**
 * Forgets a sink: its cursors, which held back the purge, its parked events and its dead letters.
 * Stop the relays that run it first. One round trip.
 */
export function removeSink(
  { postgres }: Pick<Stores, 'postgres'>,
  sink: string,
): ResultAsync<boolean, SqlError> {
  return postgres
    .query('DELETE FROM @schema.outbox_sink WHERE sink = $1', [sink])
    .map(({ rowCount }) => (rowCount ?? 0) > 0)
}

interface SinkRow {
  readonly sink: string
  readonly lag: number
  readonly lag_seconds: number
  readonly oldest: Date | null
  readonly parked: number
  readonly dead: number
  readonly unowned: number
  readonly holds_purge: boolean
}

interface OwnerRow {
  readonly sink: string
  readonly owner: string
  readonly shards: number
  readonly fence: string
  readonly is_alive: boolean
}

interface ServerRow {
  readonly tick_age: number
  readonly log_bytes: number
  readonly pid: number | null
  readonly application: string | null
  readonly state: string | null
  readonly seconds: number | null
}

function sinkOf(row: SinkRow, owners: readonly OwnerRow[]): SinkStatus {
  return {
    sink: row.sink,
    lagEvents: row.lag,
    lagSeconds: row.lag_seconds,
    oldest: row.oldest ?? undefined,
    parked: row.parked,
    dead: row.dead,
    unowned: row.unowned,
    holdsPurge: row.holds_purge,
    owners: owners
      .filter(({ sink }) => sink === row.sink)
      .map(({ owner, shards, fence, is_alive: isAlive }) => ({
        owner,
        shards,
        fence: BigInt(fence),
        isAlive,
      })),
  }
}

function holderOf(row: ServerRow | undefined): SnapshotHolder | undefined {
  if (row?.pid == null) return undefined
  return {
    pid: row.pid,
    application: row.application ?? '',
    state: row.state ?? '',
    seconds: row.seconds ?? 0,
  }
}

const sinksSql = `
  SELECT s.sink, lag.events AS lag, greatest(0, coalesce(extract(epoch FROM clock_timestamp() - lag.oldest), 0))::float8 AS lag_seconds, lag.oldest,
    (SELECT count(*)::int FROM @schema.outbox_failure f WHERE f.sink = s.sink AND f.status <> 'dead') AS parked,
    (SELECT count(*)::int FROM @schema.outbox_failure f WHERE f.sink = s.sink AND f.status = 'dead') AS dead,
    (SELECT count(*)::int FROM @schema.outbox_cursor c WHERE c.sink = s.sink AND c.lease_until < clock_timestamp()) AS unowned,
    (SELECT min(c.tick) FILTER (WHERE c.sink = s.sink) = min(c.tick) AND min(c.tick) < (SELECT max(id) FROM @schema.outbox_tick)
      FROM @schema.outbox_cursor c) AS holds_purge
  FROM @schema.outbox_sink s
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS events, min(o.created_at) AS oldest
    FROM (
      SELECT c.tick, c.tick_to, c.last_seq, array_agg(c.shard) AS shards FROM @schema.outbox_cursor c
      WHERE c.sink = s.sink GROUP BY c.tick, c.tick_to, c.last_seq
    ) AS c
    CROSS JOIN LATERAL (SELECT snap FROM @schema.outbox_tick WHERE id <= c.tick ORDER BY id DESC LIMIT 1) AS t
    LEFT JOIN @schema.outbox_tick u ON u.id = c.tick_to
    JOIN @schema.outbox o ON ${shardSql('o')} = ANY (c.shards) AND o.xid >= pg_snapshot_xmin(t.snap)
      AND NOT pg_visible_in_snapshot(o.xid, t.snap)
      AND NOT coalesce(pg_visible_in_snapshot(o.xid, u.snap) AND o.seq <= c.last_seq, false)
    WHERE o.type LIKE ANY (SELECT CASE WHEN type = '*' THEN '%' ELSE regexp_replace(type, '\\*$', '%') END FROM unnest(s.types) AS type)
  ) AS lag
  ORDER BY s.sink`

const ownersSql = `
  SELECT sink, owner, count(*)::int AS shards, max(fence)::text AS fence, bool_or(lease_until > clock_timestamp()) AS is_alive
  FROM @schema.outbox_cursor WHERE owner IS NOT NULL GROUP BY sink, owner ORDER BY sink, owner`

const serverSql = `
  SELECT extract(epoch FROM clock_timestamp() - t.at)::float8 AS tick_age, pg_total_relation_size('@schema.outbox'::regclass)::float8 AS log_bytes, a.pid, a.application_name AS application, a.state,
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
  FROM (SELECT at FROM @schema.outbox_tick ORDER BY id DESC LIMIT 1) AS t
  LEFT JOIN LATERAL (
    SELECT * FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
    ORDER BY greatest(age(backend_xmin), age(backend_xid)) DESC NULLS LAST, xact_start LIMIT 1
  ) AS a ON true`
