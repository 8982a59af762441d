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

/** The part of a sink that all its relays must agree on. */
export type SinkDefinition = Pick<Sink, 'name' | 'mode' | 'types'>

/** The owner of shards of a sink, and the length of its leases. */
export interface Owning {
  readonly sink: SinkDefinition
  readonly owner: string
  readonly leaseMs: number
}

/** A sink that is opened, and the relay that opens it. */
export interface SinkOpening extends Owning {
  readonly sink: Sink
}

/**
 * How long the relays of a newer release must be gone before one of an older release takes a sink
 * over again, in milliseconds. A crash or a restart is shorter.
 */
export const takeOverAfterMs = 60_000

/**
 * Registers a sink, and this relay as one that is alive. A sink that is new gets a cursor for each
 * shard, at the beginning or at the head of the log. When its mode or types have changed, relays
 * with the old ones lose their shards: they would pass events of a new type without delivering
 * them. An older release that is restarted does not take the sink back while the newer one is
 * alive. One round trip.
 */
export async function openCursors(
  sql: SqlClient,
  { sink: { name, mode, types, startAt }, owner, leaseMs }: SinkOpening,
): Promise<void> {
  await sql.query(openCursorsSql, [
    name,
    mode,
    inOrder(types),
    startAt ?? 'beginning',
    owner,
    leaseMs,
    takeOverAfterMs,
  ])
}

/** The owners of a sink at the moment of a pulse. */
export interface Pulse {
  /** Whether the sink is registered with the mode and types of this relay. */
  readonly isRegistered: boolean
  /** Relays that are alive, this one included. */
  readonly relays: number
  /** Shards without an owner. */
  readonly free: number
  /** The shards that this relay owns, with their fences. */
  readonly fences: ReadonlyMap<number, bigint>
}

/** Reports that this relay is alive, and renews its leases. One round trip. */
export async function pulse(sql: SqlClient, owning: Owning): Promise<Pulse> {
  const { rows } = await sql.query<PulseRow>(pulseSql, valuesOf(owning))
  const { is_registered: isRegistered = false, relays = 1, free = 0 } = rows[0] ?? {}
  const { shards = [], fences = [] } = rows[0] ?? {}
  return {
    isRegistered,
    relays,
    free,
    fences: new Map(shards.map((shard, index) => [shard, BigInt(fences[index] ?? 0)])),
  }
}

/**
 * Takes over up to `count` shards without an owner; increments their fences. Rejects where the
 * server has another history than the one given. One round trip.
 */
export async function claim(
  sql: SqlClient,
  owning: Owning,
  count: number,
  history: string | null = null,
): Promise<OwnedShard[]> {
  const { rows } = await sql.query<CursorRow>(claimSql, [...valuesOf(owning), history, count])
  return rows.map(ownedOf)
}

/**
 * Reads the shards that this relay owns again and increments their fences, so that none of its
 * statements that are still in progress can count. Rejects where the server has another history
 * than the one given. One round trip.
 */
export async function reclaim(
  sql: SqlClient,
  owning: Owning,
  history: string | null = null,
): Promise<OwnedShard[]> {
  const { rows } = await sql.query<CursorRow>(reclaimSql, [...valuesOf(owning), history])
  return rows.map(ownedOf)
}

/** Releases shards, which others can take at once. One round trip. */
export async function release(
  sql: SqlClient,
  { sink, owner }: Owning,
  shards: readonly number[],
): Promise<void> {
  await sql.query(releaseSql, [sink.name, owner, shards])
}

/**
 * Releases everything this relay owns of a sink and removes it from the relays that are alive. One
 * round trip.
 */
export async function leave(sql: SqlClient, { sink, owner }: Owning): Promise<void> {
  await sql.query(leaveSql, [sink.name, owner])
}

function valuesOf({ sink: { name, mode, types }, owner, leaseMs }: Owning): readonly unknown[] {
  return [name, owner, leaseMs, mode, inOrder(types)]
}

/** The order of the types has no meaning, so it must not make two definitions differ. */
function inOrder(types: readonly string[]): readonly string[] {
  return [...types].sort()
}

interface PulseRow {
  readonly is_registered: boolean
  readonly relays: number
  readonly free: number
  readonly shards: readonly number[]
  readonly fences: readonly string[]
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
