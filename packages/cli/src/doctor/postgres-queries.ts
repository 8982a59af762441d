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
  SELECT NULL, gid, 'prepared', format('headwater transactions rollback %L', gid),
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

/** How much of the spill of activity is in use, and since when; no row when nothing waits. */
export const selectSpill = `
  SELECT (newest.seq - oldest.seq + 1)::float8 AS used,
    greatest(0, extract(epoch FROM clock_timestamp() - oldest.spilled_at) * 1000)::float8
      AS oldest_ms
  FROM (
    SELECT seq, spilled_at FROM @schema.activity_spill ORDER BY seq LIMIT 1
  ) AS oldest
  CROSS JOIN (
    SELECT seq FROM @schema.activity_spill ORDER BY seq DESC LIMIT 1
  ) AS newest`

/** All replication slots, those that hold back most first. */
export const selectSlots = `
  SELECT slot_name AS slot, slot_type AS kind, database, active AS is_active, wal_status,
    greatest(0, coalesce(pg_wal_lsn_diff(
      CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
      restart_lsn
    ), 0))::float8 AS retained
  FROM pg_replication_slots
  ORDER BY retained DESC, slot_name`

/** A row of {@link selectSlots}. */
export interface SlotRow {
  readonly slot: string
  /** `physical` or `logical`. */
  readonly kind: string
  /** `null` for a physical one. */
  readonly database: string | null
  readonly is_active: boolean
  /** `lost` when its reader can no longer catch up. */
  readonly wal_status: string | null
  /** Bytes of log that are kept for it. */
  readonly retained: number
}

/** Drops a slot that nobody reads; $1 is its name. No row when it is read, or gone. */
export const dropSlot = `
  SELECT pg_drop_replication_slot(slot_name)
  FROM pg_replication_slots WHERE slot_name = $1 AND NOT active`

/**
 * What sessions do at this moment, and who keeps them from it; the longest first. $1 is the least
 * time in milliseconds, $2 whether statements are wanted whole. Else literals are left out.
 */
export const selectRunning = `
  SELECT pid, coalesce(nullif(application_name, ''), usename) AS application, state,
    extract(epoch FROM clock_timestamp() - query_start)::float8 * 1000 AS since_ms,
    concat_ws(': ', wait_event_type, wait_event) AS waits_for,
    pg_blocking_pids(pid) AS blocked_by,
    CASE WHEN $2 THEN query
      ELSE left(regexp_replace(query, '''([^'']|'''')*(''|$)', '''…''', 'g'), 100)
    END AS statement
  FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'
    AND query_start < clock_timestamp() - $1 * interval '1 ms'
    AND (state <> 'idle' AND state <> 'idle in transaction'
      OR pid IN (
        SELECT unnest(pg_blocking_pids(waiting.pid)) FROM pg_stat_activity AS waiting
        WHERE waiting.wait_event_type = 'Lock'
      ))
  ORDER BY since_ms DESC`

/** A row of {@link selectRunning}. */
export interface RunningSession {
  readonly pid: number
  readonly application: string
  readonly state: string
  readonly since_ms: number
  /** What it waits for; empty while it works. */
  readonly waits_for: string
  /** The processes whose locks it waits for. */
  readonly blocked_by: readonly number[]
  readonly statement: string
}

/** The statement that undoes a prepared transaction of this database; $1 is its name. */
export const selectRollback = `
  SELECT format('ROLLBACK PREPARED %L', gid) AS rollback,
    extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000 AS age_ms
  FROM pg_prepared_xacts WHERE gid = $1 AND database = current_database()`

/** The statements that renew the statistics of tables; $1 is the schema, $2 has their names. */
export const selectAnalyze = `
  SELECT c.relname AS name, format('ANALYZE %I.%I', n.nspname, c.relname) AS analyze
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p', 'm')`
