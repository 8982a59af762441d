import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import { ResultAsync } from '../result.ts'
import { ownersSql, removeSinkSql, serverSql, sinksSql } from './status-queries.ts'

/** An owner of shards of a sink. */
export interface ShardOwner {
  /** Names the relay: host, process and a random part. */
  readonly owner: string
  /** Number of shards it owns. */
  readonly shards: number
  /** The highest of its fences. */
  readonly fence: bigint
  /** Whether its lease is still valid. */
  readonly isAlive: boolean
}

/** The state of one sink. */
export interface SinkStatus {
  /** Name of the sink. */
  readonly sink: string
  /** Committed events that it has not passed. */
  readonly lagEvents: number
  /** Age of the oldest of them, in milliseconds; 0 when there is none. */
  readonly lagMs: number
  /** When the oldest of them was published. */
  readonly oldestAt: Date | undefined
  /** Events set aside: waiting for another attempt or behind one. */
  readonly parked: number
  /** Events given up. */
  readonly dead: number
  /**
   * Whether the purge waits for this sink: it is behind, and no sink is further behind. Everything
   * published since then stays in the log.
   */
  readonly holdsPurge: boolean
  /** The relays that serve it. */
  readonly owners: readonly ShardOwner[]
  /** Shards that have no owner. */
  readonly unowned: number
}

/** The state of the outbox. */
export interface OutboxStatus {
  /** Every sink that has a cursor. */
  readonly sinks: readonly SinkStatus[]
  /** Age of the newest tick, in milliseconds. */
  readonly tickAgeMs: number
  /** Size of the log on disk with its indexes, in bytes. */
  readonly logBytes: number
  /**
   * The session that holds the oldest snapshot of the database, which keeps the server from
   * removing dead rows.
   */
  readonly oldestSnapshot: SnapshotHolder | undefined
}

/** A session with an open transaction. */
export interface SnapshotHolder {
  /** Process id of its backend. */
  readonly pid: number
  /** Name of its application. */
  readonly application: string
  /** Its state, as PostgreSQL reports it. */
  readonly state: string
  /** Age of its transaction, in milliseconds. */
  readonly openMs: number
}

export function outboxStatus({
  postgres,
}: Pick<Stores, 'postgres'>): ResultAsync<OutboxStatus, SqlError> {
  return ResultAsync.combine([
    postgres.query<SinkRow>(sinksSql),
    postgres.query<OwnerRow>(ownersSql),
    postgres.query<ServerRow>(serverSql),
  ]).map(([sinks, owners, server]) => ({
    sinks: sinks.rows.map((row) => sinkOf(row, owners.rows)),
    tickAgeMs: server.rows[0]?.tick_age_ms ?? 0,
    logBytes: server.rows[0]?.log_bytes ?? 0,
    oldestSnapshot: holderOf(server.rows[0]),
  }))
}

export function removeSink(
  { postgres }: Pick<Stores, 'postgres'>,
  sink: string,
): ResultAsync<boolean, SqlError> {
  return postgres.query(removeSinkSql, [sink]).map(({ rowCount }) => (rowCount ?? 0) > 0)
}

interface SinkRow {
  readonly sink: string
  readonly lag: number
  readonly lag_ms: number
  readonly oldest_at: Date | null
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
  readonly tick_age_ms: number
  readonly log_bytes: number
  readonly pid: number | null
  readonly application: string | null
  readonly state: string | null
  readonly open_ms: number | null
}

function sinkOf(row: SinkRow, owners: readonly OwnerRow[]): SinkStatus {
  return {
    sink: row.sink,
    lagEvents: row.lag,
    lagMs: row.lag_ms,
    oldestAt: row.oldest_at ?? undefined,
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
    openMs: row.open_ms ?? 0,
  }
}
