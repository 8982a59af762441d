import type { TransactionSettings } from './transaction-options.ts'

/** The statements that begin a transaction; the second returns its identity. */
export function beginSql(
  { deadlineMs, isolation }: TransactionSettings,
  timelineExpression: string,
): string {
  const limit = Math.ceil(deadlineMs)
  return `
    BEGIN ISOLATION LEVEL ${isolation.toUpperCase()};
    SELECT
      pg_current_xact_id()::text AS xid,
      pg_backend_pid() AS pid,
      ${timelineExpression} AS timeline,
      set_config('statement_timeout', '${limit}', true),
      set_config('idle_in_transaction_session_timeout', '${limit}', true)`
}

/** The id of the open transaction, NULL outside of one. */
export const currentIdSql = 'SELECT pg_current_xact_id_if_assigned()::text AS xid'

/**
 * The status of a transaction, for a server on its timeline. Another timeline assigns the same ids
 * again, so its status would be that of another transaction.
 */
export function statusSql(timelineExpression: string): string {
  return `
    SELECT is_same, CASE WHEN is_same THEN pg_xact_status($1::xid8) END AS status
    FROM (SELECT $2::int IS NULL OR ${timelineExpression} = $2::int AS is_same) AS server`
}

export const endBackendSql = `
  SELECT pg_terminate_backend(pid)
  FROM pg_stat_activity
  WHERE pid = $1 AND backend_xid::text = ($2::numeric % 4294967296)::text`
