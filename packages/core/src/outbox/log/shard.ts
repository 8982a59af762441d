import { hash } from 'node:crypto'

/** Number of shards of the log; fixed, since events bear the number of theirs. */
export const shardCount = 64

/**
 * The shard of an aggregate: the same as the function `outbox_shard` of the database gives for
 * events that others have inserted.
 */
export function shardOf(aggregateType: string, aggregateId: string): number {
  return (
    Number.parseInt(hash('sha256', `${aggregateType}/${aggregateId}`, 'hex').slice(0, 2), 16) %
    shardCount
  )
}

/** The shard of an event as an expression over a row of the log. */
export function shardSql(row: string): string {
  return `coalesce(${row}.shard, @schema.outbox_shard(${row}.aggregatetype, ${row}.aggregateid))`
}
