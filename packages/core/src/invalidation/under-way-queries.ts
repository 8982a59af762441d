/**
 * The ids of all transactions of this database that have written something and have not ended.
 * Prepared ones belong to no backend.
 */
export const selectUnderWay = `
  SELECT backend_xid::text AS transaction
  FROM pg_stat_activity
  WHERE datname = current_database() AND backend_xid IS NOT NULL
  UNION ALL
  SELECT transaction::text
  FROM pg_prepared_xacts
  WHERE database = current_database()`
