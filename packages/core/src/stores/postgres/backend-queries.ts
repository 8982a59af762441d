/** Ends the backend that has a transaction open. $1 its process, $2 the id of the transaction. */
export const endBackendSql = `
  SELECT pg_terminate_backend(pid)
  FROM pg_stat_activity
  WHERE pid = $1 AND backend_xid::text = ($2::numeric % 4294967296)::text`

/**
 * Begins a transaction that is nothing to anybody, whose COMMIT waits until the standbys have all
 * that was committed before it.
 */
export const beginEmptySql = `
  BEGIN;
  SELECT pg_current_xact_id()::text AS id, pg_backend_pid() AS process,
    pg_logical_emit_message(true, 'headwater', '')`
