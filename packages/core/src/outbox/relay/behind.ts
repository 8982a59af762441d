import type { SqlClient } from '../../stores/sql-client.ts'
import { behindSql } from './cursor-queries.ts'

/** The delay of a sink. */
export interface Behind {
  readonly sink: string
  /**
   * Time since the log moved on from the position of the sink's slowest shard, in milliseconds; 0
   * when it has everything.
   */
  readonly behindMs: number
}

/**
 * Measures how far behind every sink is that has a cursor, whether or not a relay serves it. One
 * round trip; a few rows per sink whatever its backlog. One in sixteen of the old ticks is kept, so
 * the time is exact to as many ticks.
 */
export async function findBehind(sql: SqlClient): Promise<Behind[]> {
  const { rows } = await sql.query<{ sink: string; behind_ms: number }>(behindSql)
  return rows.map(({ sink, behind_ms: behindMs }) => ({ sink, behindMs }))
}
