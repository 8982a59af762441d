import type { SqlClient } from '../../stores/sql-client.ts'
import { pruneTicksSql, purgeSql } from './log-queries.ts'

const rowsPerStatement = 5_000

/**
 * Deletes events that are older than `retentionMs` and that every cursor has passed, then, also
 * when that failed, ticks that no cursor needs. An event that committed late is kept however old it
 * is: the slowest cursor's snapshot decides, not the event's position or age. Returns the number of
 * deleted events.
 *
 * Each statement deletes at most 5,000 rows. One relay at a time purges; others find the lock taken
 * and return.
 */
export async function purge(
  sql: SqlClient,
  {
    retentionMs,
    isStopping = () => false,
  }: { readonly retentionMs: number; readonly isStopping?: () => boolean },
): Promise<number> {
  let purged = 0
  let from = '0'
  try {
    for (let count = rowsPerStatement; count === rowsPerStatement && !isStopping();) {
      const { rows } = await sql.query<{ count: number; last: string | null }>(purgeSql, [
        retentionMs,
        rowsPerStatement,
        from,
      ])
      count = rows[0]?.count ?? 0
      from = rows[0]?.last ?? from
      purged += count
    }
  } finally {
    await sql.query(pruneTicksSql)
  }
  return purged
}
