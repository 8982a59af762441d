import type { HistoryExpressions } from '../stores/postgres/server-history.ts'

/**
 * The timeline, and the ids of all transactions of this database that have written something and
 * have not ended. Prepared ones belong to no backend. No row on a standby, which runs none. Needs
 * no migrations.
 */
export function underWaySql({ timeline }: Pick<HistoryExpressions, 'timeline'>): string {
  return `
  SELECT ${timeline} AS timeline, ARRAY(
    SELECT backend_xid::text
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL
    UNION ALL
    SELECT transaction::text
    FROM pg_prepared_xacts
    WHERE database = current_database()
  ) AS transactions
  WHERE NOT pg_is_in_recovery()`
}
