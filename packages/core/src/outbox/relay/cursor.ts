import type { SqlClient } from '../../stores/sql-client.ts'
import type { Sink } from '../sink.ts'
import {
  claimSql,
  leaveSql,
  openCursorsSql,
  pulseSql,
  reclaimSql,
  releaseSql,
} from './cursor-queries.ts'

/**
 * The position of a sink in one shard: it has passed everything up to `tick`, and of the interval
 * (tick, tickTo] everything up to `lastSeq`.
 */
export interface Position {
  readonly tick: bigint
  readonly tickTo: bigint | undefined
  readonly lastSeq: bigint
}

/** A shard that this relay owns for one sink. */
export interface OwnedShard extends Position {
  readonly shard: number
  /** Incremented whenever ownership changes; a statement with an older fence changes nothing. */
  readonly fence: bigint
  /** Number of owners that vanished at this position. */
  readonly crashes: number
}

/** The owner of shards of a sink, and the length of its leases. */
export interface Owning {
  readonly sink: string
  readonly owner: string
  readonly leaseMs: number
}

/**
 * Registers a sink. One that is new gets a cursor for each shard, at the beginning or at the head of
 * the log. One round trip.
 */
export async function openCursors(
  sql: SqlClient,
  { name, mode, types, startAt }: Sink,
): Promise<void> {
  await sql.query(openCursorsSql, [name, mode, types, startAt ?? 'beginning'])
}

/** The owners of a sink at the moment of a pulse. */
export interface Pulse {
  /** Relays that are alive, this one included. */
  readonly relays: number
  /** Shards without an owner. */
  readonly free: number
  /** The shards that this relay owns, with their fences. */
  readonly fences: ReadonlyMap<number, bigint>
}

/** Reports that this relay is alive, and renews its leases. One round trip. */
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

/** Takes over up to `count` shards without an owner; increments their fences. One round trip. */
export async function claim(
  sql: SqlClient,
  { sink, owner, leaseMs }: Owning,
  count: number,
): Promise<OwnedShard[]> {
  const { rows } = await sql.query<CursorRow>(claimSql, [sink, owner, leaseMs, count])
  return rows.map(ownedOf)
}

/**
 * Reads the shards that this relay owns again and increments their fences, so that none of its
 * statements that are still in progress can count. One round trip.
 */
export async function reclaim(
  sql: SqlClient,
  { sink, owner, leaseMs }: Owning,
): Promise<OwnedShard[]> {
  const { rows } = await sql.query<CursorRow>(reclaimSql, [sink, owner, leaseMs])
  return rows.map(ownedOf)
}

/** Releases shards, which others can take at once. One round trip. */
export async function release(
  sql: SqlClient,
  { sink, owner }: Owning,
  shards: readonly number[],
): Promise<void> {
  await sql.query(releaseSql, [sink, owner, shards])
}

/**
 * Releases everything this relay owns of a sink and removes it from the relays that are alive. One
 * round trip.
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
