/**
 * What the server says of itself and of the role; $1 is the schema. Of the sessions of others a
 * role without pg_read_all_stats sees the database, and not of what kind they are.
 */
export const selectServer = `
  SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num')::int AS version_number,
    extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms,
    current_setting('DateStyle') AS date_style,
    quote_ident(current_user) AS role,
    current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0) AS connections_allowed,
    (SELECT count(*)::int FROM pg_stat_activity
      WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL))
      AS connections_used,
    (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1) AS can_create,
    has_database_privilege(current_database(), 'CREATE') AS can_create_schema,
    has_function_privilege('pg_control_system()', 'EXECUTE') AS can_identify`

/** Tables that the role may not read and write; $1 is the schema, $2 has their names. */
export const selectForbidden = `
  SELECT c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
    AND c.relname = ANY ($2::text[])
    AND NOT (
      has_schema_privilege(n.oid, 'USAGE')
      AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
      AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')
    )
  ORDER BY c.relname`

/**
 * Replication slots that nobody reads, with the log that they hold back. A slot that was never
 * read, or is lost, holds none.
 */
export const selectIdleSlots = `
  SELECT slot_name AS name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 AS bytes
  FROM pg_replication_slots
  WHERE NOT active AND restart_lsn IS NOT NULL
  ORDER BY bytes DESC NULLS LAST`

/** Whether the role sees what the sessions of other roles do. */
export const selectSight = `
  SELECT pg_has_role('pg_read_all_stats'::name, 'USAGE') AS sees_all,
    quote_ident(current_user) AS role`

/**
 * Sessions and prepared transactions that hold a snapshot; $1 is the least age in milliseconds, $2
 * how many are wanted, NULL for all. In other databases only those with a transaction id keep rows
 * and events of this one. VACUUM keeps none, and autovacuum yields by itself.
 */
export const selectOldTransactions = `
  SELECT pid, coalesce(nullif(application_name, ''), usename) AS application, state,
    format('headwater transactions end %s', pid) AS cure,
    extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS age_ms
  FROM pg_stat_activity
  WHERE pid <> pg_backend_pid()
    AND (backend_xid IS NOT NULL
      OR (backend_xmin IS NOT NULL AND datname = current_database()))
    AND backend_type <> 'autovacuum worker'
    AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
    AND xact_start < clock_timestamp() - $1 * interval '1 ms'
  UNION ALL
  SELECT NULL, gid, 'prepared', format('ROLLBACK PREPARED %L', gid),
    extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000
  FROM pg_prepared_xacts
  WHERE prepared < clock_timestamp() - $1 * interval '1 ms'
  ORDER BY age_ms DESC
  LIMIT $2::bigint`

/** A row of {@link selectOldTransactions}. */
export interface OldTransaction {
  /** `null` for a prepared transaction, which no process has. */
  readonly pid: number | null
  /** The application or the user; the name of a prepared transaction. */
  readonly application: string
  readonly state: string
  /** What ends it. */
  readonly cure: string
  readonly age_ms: number
}

/**
 * Ends a session, if its transaction is as old as $2 milliseconds; $1 is its process. True once it
 * has ended.
 */
export const endOldTransaction = `
  SELECT pg_terminate_backend(pid, 1000) AS is_ended
  FROM pg_stat_activity
  WHERE pid = $1 AND xact_start < clock_timestamp() - $2 * interval '1 ms'`

/** Whether anything was ever published. */
export const selectPublished = 'SELECT EXISTS (SELECT FROM @schema.outbox) AS "isPublished"'
