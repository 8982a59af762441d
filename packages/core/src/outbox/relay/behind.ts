import type { SqlClient } from '../../stores/sql-client.ts'

/** How far a sink is behind. */
export interface Behind {
  readonly sink: string
  /**
   * Time since the log moved on from where the sink's slowest shard stands, in milliseconds; 0 when
   * it has everything.
   */
  readonly behindMs: number
}

/**
 * Looks how far every sink that has a cursor is behind, whether or not anybody serves it. One round
 * trip; a few rows per sink whatever its backlog, where counting the events that it lacks reads
 * them all. Of old ticks one in sixteen is kept, so the time is exact to as many.
 */
export async function findBehind(sql: SqlClient): Promise<Behind[]> {
  const { rows } = await sql.query<{ sink: string; behind_ms: number }>(behindSql)
  return rows.map(({ sink, behind_ms: behindMs }) => ({ sink, behindMs }))
}

/** Tick 1 is no moment of the log: both it and 0 are its beginning. */
const behindSql = `
  SELECT slowest.sink, greatest(0, coalesce(extract(epoch FROM clock_timestamp() - next.at) * 1000, 0))::float8 AS behind_ms
  FROM (SELECT sink, min(tick) AS tick FROM @schema.outbox_cursor GROUP BY sink) AS slowest
  LEFT JOIN LATERAL (
    SELECT at FROM @schema.outbox_tick t WHERE t.id > greatest(slowest.tick, 1) ORDER BY t.id LIMIT 1
  ) AS next ON true
  ORDER BY slowest.sink`
