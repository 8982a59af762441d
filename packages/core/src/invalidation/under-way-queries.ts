/** The ids of all transactions of this database that have written something and have not ended. */
export const selectUnderWay = `
  SELECT backend_xid::text AS transaction
  FROM pg_stat_activity
  WHERE datname = current_database() AND backend_xid IS NOT NULL`
