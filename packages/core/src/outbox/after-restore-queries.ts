import { sinksSql } from './status-queries.ts'

/**
 * More than the owners of a shard can change in the time between two backups: a destination that
 * keeps the highest fence has seen none above it.
 */
const fenceGap = 1_000_000

const takeAway = `fence = fence + ${fenceGap}, owner = NULL, lease_until = 'epoch', crashes = 0`

/** Takes every shard from its owner. */
export const raiseFencesSql = `UPDATE @schema.outbox_cursor SET ${takeAway}`

/** Waits for the purge that is under way and keeps the next one away until the transaction ends. */
export const holdPurgeSql = `
  SELECT pg_advisory_xact_lock(
    hashtextextended('headwater.purge', '@schema.outbox'::regclass::oid::bigint)
  )`

/** Sends cursors to the beginning of the log. Tick 0 sees nothing. $1 names of sinks. */
export const rewindSql = `
  UPDATE @schema.outbox_cursor SET tick = 0, tick_to = NULL, last_seq = 0, ${takeAway}
  WHERE sink = ANY ($1::text[])`

export const countShardsSql = 'SELECT count(*)::int AS count FROM @schema.outbox_cursor'

/** The ids of a stretch of the log: ids begin with the time. $1 the first id, $2 the one behind. */
export const eventIdsSql = `
  SELECT id::text AS id FROM @schema.outbox WHERE id >= $1::uuid AND id < $2::uuid`

/** Events that sinks have not passed. */
export const undeliveredSql = `
  SELECT sink, lag AS events FROM (${sinksSql}) AS status WHERE lag > 0`

/** A row of {@link undeliveredSql}. */
export interface UndeliveredRow {
  readonly sink: string
  readonly events: number
}
