import type { HistoryExpressions } from '../stores/postgres/server-history.ts'
import { settingMs } from '../stores/postgres/setting-ms.ts'
import type { TransactionSettings } from './transaction-options.ts'

/**
 * Time that the server gives a transaction beyond its deadline, in milliseconds. A process that is
 * awake ends it first, and says why.
 */
export const serverGraceMs = 250

/** The limit that the server keeps for a transaction, as the value of a setting. */
export function limitOf({ deadlineMs }: TransactionSettings): string {
  return String(settingMs(deadlineMs + serverGraceMs))
}

/** Begins a transaction. */
export function beginSql({ isolation }: TransactionSettings): string {
  return `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`
}

/**
 * Gives the transaction its limit, an expression, and answers with its identity in one column,
 * whose parts are separated by blanks: seven columns make such a statement a fifth slower.
 */
export function identitySql(
  { timeline, system, recovery, place }: HistoryExpressions,
  limit: string,
): string {
  return `
    SELECT concat(
      pg_current_xact_id(),
      ' ', pg_backend_pid(),
      ' ', ${timeline},
      ' ', ${system},
      ' ', ${recovery},
      ' ', ${place},
      ' ', set_config('statement_timeout', ${limit}, true),
      ' ', set_config('idle_in_transaction_session_timeout', ${limit}, true)
    ) AS identity`
}

/** The id of the open transaction, NULL outside of one. */
export const currentIdSql = 'SELECT pg_current_xact_id_if_assigned()::text AS xid'

/**
 * The status of a transaction, for a server with its history. Another timeline or system assigns
 * the same ids again, so its status would be that of another transaction. So does a server that has
 * recovered from a crash: it may not have assigned the id again yet, which `pg_xact_status` refuses
 * to answer.
 */
export function statusSql({ timeline, system, recovery }: HistoryExpressions): string {
  return `
    SELECT is_same, has_recovered, waits_for_standbys, CASE
        WHEN is_same AND (NOT has_recovered
                          OR $1::xid8 < pg_snapshot_xmax(pg_current_snapshot()))
        THEN pg_xact_status($1::xid8)
      END AS status
    FROM (
      SELECT ($2::text IS NULL OR ${timeline} = $2::text)
          AND ($3::text IS NULL OR ${system} = $3::text) AS is_same,
        $4::text IS NOT NULL AND ${recovery} IS DISTINCT FROM $4::text AS has_recovered,
        current_setting('synchronous_standby_names', true) <> ''
          AND current_setting('synchronous_commit', true) NOT IN ('off', 'local')
          AS waits_for_standbys
    ) AS server`
}
