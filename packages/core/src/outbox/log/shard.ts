import { hash } from 'node:crypto'

/** Number of shards of the log. Fixed, since each event stores the number of its shard. */
export const shardCount = 64

/**
 * The shard of an aggregate. The database's function `outbox_shard` computes the same for events
 * that were inserted without it.
 */
export function shardOf(aggregateType: string, aggregateId: string): number {
  return (
    Number.parseInt(hash('sha256', `${aggregateType}/${aggregateId}`, 'hex').slice(0, 2), 16) %
    shardCount
  )
}

/** The shard of an event as an SQL expression over a row of the log. */
export function shardSql(row: string): string {
  return `coalesce(${row}.shard, @schema.outbox_shard(${row}.aggregatetype, ${row}.aggregateid))`
}
