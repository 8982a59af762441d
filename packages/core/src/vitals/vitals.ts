import type { CallOptions } from '../call-options.ts'
import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import { vitalsSql } from './vitals-queries.ts'

/** How one sink of the outbox is. */
export interface SinkVitals {
  /** Name of the sink. */
  readonly sink: string
  /**
   * Time since the log moved on from where its slowest shard stands, in milliseconds; 0 when it has
   * everything. Rises also while no relay runs anywhere.
   */
  readonly behindMs: number
  /** Shards that no relay serves. */
  readonly unowned: number
  /**
   * Events that wait for another attempt, or behind one, among the newest 10,000 failures of the
   * sink.
   */
  readonly parked: number
  /** Events that were given up; 10,000 at most are counted. */
  readonly dead: number
}

/** A replication slot of PostgreSQL. */
export interface ReplicationSlot {
  /** Its name. */
  readonly slot: string
  /** Whether anybody reads from it. */
  readonly isActive: boolean
  /** The write-ahead log that the server keeps for it, in bytes. */
  readonly retainedBytes: number
}

/** What whoever is on call watches, as PostgreSQL has it. */
export interface Vitals {
  /** Every sink that has a cursor, whether or not a relay serves it. */
  readonly sinks: readonly SinkVitals[]
  /**
   * Age of the oldest event that no relay has looked at, in milliseconds; 0 without one. Rises
   * while no relay runs, also where none ever did, so that there is no sink.
   */
  readonly unreadMs: number
  /** Age of the newest tick of the outbox, in milliseconds. */
  readonly tickAgeMs: number
  /** Invalidations that have not reached Redis yet; 10,000 at most are counted. */
  readonly intents: number
  /**
   * Age of the transaction that holds the oldest snapshot of the database, in milliseconds; 0
   * without one. A prepared one counts, also of another database of the server. Sessions of other
   * users are seen with `pg_read_all_stats`.
   */
  readonly oldestSnapshotMs: number
  /** The replication slots. */
  readonly slots: readonly ReplicationSlot[]
}

/**
 * Reads what is to be watched in PostgreSQL: one round trip, whose cost does not grow with any
 * backlog. Every process sees the same.
 */
export function readVitals(
  { postgres, redis }: Pick<Stores, 'postgres' | 'redis'>,
  options?: CallOptions,
): ResultAsync<Vitals, SqlError> {
  return postgres.query<VitalsRow>(vitalsSql, [redis.keyPrefix], options).map(({ rows }) => ({
    sinks: (rows[0]?.sinks ?? []).map(({ behind_ms: behindMs, ...sink }) => ({
      ...sink,
      behindMs,
    })),
    unreadMs: rows[0]?.unread_ms ?? 0,
    tickAgeMs: rows[0]?.tick_age_ms ?? 0,
    intents: rows[0]?.intents ?? 0,
    oldestSnapshotMs: rows[0]?.snapshot_age_ms ?? 0,
    slots: (rows[0]?.slots ?? []).map(({ slot, active, retained }) => ({
      slot,
      isActive: active,
      retainedBytes: retained,
    })),
  }))
}

interface VitalsRow {
  readonly unread_ms: number
  readonly tick_age_ms: number | null
  readonly intents: number
  readonly snapshot_age_ms: number | null
  readonly sinks: readonly (Omit<SinkVitals, 'behindMs'> & { readonly behind_ms: number })[]
  readonly slots: readonly {
    readonly slot: string
    readonly active: boolean
    readonly retained: number
  }[]
}
