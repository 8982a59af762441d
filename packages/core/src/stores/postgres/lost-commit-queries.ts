/**
 * Whether the server, which has left the timeline of a commit, lacks it. Where it was a standby, it
 * has replayed the log up to its promotion and no further: a later commit is not on it. What it has
 * not replayed is not assigned, or aborted, unless it has assigned the id again since. $1 a place
 * in the log before the commit, $2 the id of the transaction.
 */
export const isLostSql = `
  SELECT coalesce($1::pg_lsn >= pg_last_wal_replay_lsn(), false) OR CASE
      WHEN $2::xid8 < pg_snapshot_xmax(pg_current_snapshot())
      THEN coalesce(pg_xact_status($2::xid8) = 'aborted', false)
      ELSE true
    END AS is_lost`
