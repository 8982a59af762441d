import { sqlFailureIn } from '../../failure/failure-error.ts'
import { isOutage } from '../../failure/is-outage.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import { pruneTicksSql, purgeSql } from './log-queries.ts'

const rowsPerStatement = 5_000

/** What a purge deletes, and when it ends early. */
interface PurgeOptions {
  readonly retentionMs: number
  readonly isStopping?: () => boolean
}

/**
 * Deletes events that are older than `retentionMs` and that every cursor has passed, then, also
 * when the server refused that, ticks that no cursor needs. An event that committed late is kept
 * however old it is: the slowest cursor's snapshot decides, not the event's position or age.
 * Returns the number of deleted events. Sends nothing after an outage: the next answer may come
 * from another server.
 *
 * Each statement deletes at most 5,000 rows. One relay at a time purges; others find the lock taken
 * and return.
 */
export async function purge(
  sql: SqlClient,
  { retentionMs, isStopping = () => false }: PurgeOptions,
): Promise<number> {
  let purged: number
  try {
    purged = await purgeEvents(sql, { retentionMs, isStopping })
  } catch (error) {
    // Why no event could be deleted is the failure to tell; the next purge prunes again.
    if (isRefusal(error) && !isStopping()) await sql.query(pruneTicksSql).catch(() => undefined)
    throw error
  }
  await sql.query(pruneTicksSql)
  return purged
}

async function purgeEvents(
  sql: SqlClient,
  { retentionMs, isStopping }: Required<PurgeOptions>,
): Promise<number> {
  let purged = 0
  let from = '0'
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
  return purged
}

/** Whether the server has answered, if only to refuse. */
function isRefusal(error: unknown): boolean {
  const failure = sqlFailureIn(error)
  return failure !== undefined && !isOutage(failure)
}
