import type { SqlClient } from '../../stores/sql-client.ts'
import { aggregateKey } from '../log/event.ts'
import { stuckSql } from './failure-queries.ts'

/** Loads the aggregates that have events in the table of failures, per shard. One round trip. */
export async function loadStuck(
  sql: SqlClient,
  sink: string,
  shards: readonly number[],
): Promise<Map<number, Set<string>>> {
  const { rows } = await sql.query<{ shard: number; aggregatetype: string; aggregateid: string }>(
    stuckSql,
    [sink, shards],
  )
  const stuck = new Map<number, Set<string>>()
  for (const { shard, aggregatetype: aggregateType, aggregateid: aggregateId } of rows) {
    const keys = stuck.get(shard) ?? new Set()
    stuck.set(shard, keys.add(aggregateKey({ aggregateType, aggregateId })))
  }
  return stuck
}
