/** Whether the role sees what the sessions of other roles do. */
export const selectSight = `
  SELECT pg_has_role('pg_read_all_stats'::name, 'USAGE') AS sees_all,
    quote_ident(current_user) AS role`

/** A row of {@link selectSight}. */
export interface Sight {
  readonly sees_all: boolean
  /** The role, as a statement names it. */
  readonly role: string
}

/**
 * Sessions and prepared transactions that hold a snapshot; $1 is the least age in milliseconds, $2
 * how many are wanted, NULL for all. In other databases only those with a transaction id keep rows
 * and events of this one. VACUUM keeps none, and autovacuum yields by itself.
 */
export const selectOldTransactions = `
  SELECT pid, datname AS database, coalesce(nullif(application_name, ''), usename) AS application,
    state, format('headwater transactions end %s', pid) AS cure,
    extract(epoch FROM clock_timestamp() - xact_start)::float8 * 1000 AS age_ms
  FROM pg_stat_activity
  WHERE pid <> pg_backend_pid()
    AND (backend_xid IS NOT NULL
      OR (backend_xmin IS NOT NULL AND datname = current_database()))
    AND backend_type <> 'autovacuum worker'
    AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
    AND xact_start < clock_timestamp() - $1 * interval '1 ms'
  UNION ALL
  SELECT NULL, database, gid, 'prepared',
    CASE WHEN database = current_database() THEN format('headwater transactions rollback %L', gid)
      ELSE format('in the database %I: ROLLBACK PREPARED %L', database, gid)
    END,
    extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000
  FROM pg_prepared_xacts
  WHERE prepared < clock_timestamp() - $1 * interval '1 ms'
  ORDER BY age_ms DESC
  LIMIT $2::bigint`

/** A row of {@link selectOldTransactions}. */
export interface OldTransaction {
  /** `null` for a prepared transaction, which no process has. */
  readonly pid: number | null
  /** `null` for a standby. */
  readonly database: string | null
  /** The application or the user; the name of a prepared transaction. */
  readonly application: string
  readonly state: string
  /** What ends it. */
  readonly cure: string
  readonly age_ms: number
}

/**
 * The session of a process; $1 is the process. Between transactions it may still hold advisory
 * locks, and its age is then the time since its last statement.
 */
export const selectSession = `
  SELECT pid, datname AS database, coalesce(nullif(application_name, ''), usename) AS application,
    state, backend_type IS NOT NULL AS is_visible,
    extract(epoch FROM xact_start)::text AS began,
    extract(epoch FROM backend_start)::text AS connected,
    extract(epoch FROM clock_timestamp() - coalesce(xact_start, state_change))::float8 * 1000
      AS age_ms,
    EXISTS (
      SELECT FROM pg_locks AS lock
      WHERE lock.pid = session.pid AND lock.granted AND lock.locktype = 'advisory'
    ) AS has_locks
  FROM pg_stat_activity AS session
  WHERE pid = $1 AND pid <> pg_backend_pid() AND backend_type IS DISTINCT FROM 'autovacuum worker'`

/** A row of {@link selectSession}. */
export interface FoundSession {
  readonly pid: number
  readonly database: string | null
  readonly application: string
  readonly state: string
  /** Whether the role may see what the session does; else all that follows is empty. */
  readonly is_visible: boolean
  /** When its transaction began; `null` between transactions. */
  readonly began: string | null
  readonly connected: string | null
  readonly age_ms: number | null
  /** Whether it holds advisory locks. */
  readonly has_locks: boolean
}

/**
 * Ends the session of process $1, if it is still in the transaction that began at $2, and the one
 * that connected at $3. True once it has ended.
 */
export const endSession = `
  SELECT pg_terminate_backend(pid, 1000) AS is_ended
  FROM pg_stat_activity
  WHERE pid = $1
    AND extract(epoch FROM xact_start)::text IS NOT DISTINCT FROM $2::text
    AND extract(epoch FROM backend_start)::text IS NOT DISTINCT FROM $3::text`

/**
 * What sessions do at this moment, and who keeps them from it; the longest first. $1 is the least
 * time in milliseconds.
 */
export const selectRunning = `
  WITH locked AS (
    SELECT lock.pid, array_agg(DISTINCT class.relname::text) AS tables
    FROM pg_locks AS lock
    JOIN pg_class AS class ON class.oid = lock.relation
    JOIN pg_namespace AS space ON space.oid = class.relnamespace
    WHERE lock.locktype = 'relation'
      AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND class.relkind IN ('r', 'p', 'm', 'f')
      AND space.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
    GROUP BY lock.pid
  )
  SELECT pid, coalesce(nullif(application_name, ''), usename) AS application, state,
    extract(epoch FROM clock_timestamp() - query_start)::float8 * 1000 AS since_ms,
    concat_ws(': ', wait_event_type, wait_event) AS waits_for,
    pg_blocking_pids(pid) AS blocked_by,
    query,
    coalesce(locked.tables, '{}') AS tables
  FROM pg_stat_activity LEFT JOIN locked USING (pid)
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
  /** The processes whose locks it waits for; 0 is a prepared transaction. */
  readonly blocked_by: readonly number[]
  /** The whole statement, with all that is in it. */
  readonly query: string
  /** The tables of this database that its transaction has locked, or waits for. */
  readonly tables: readonly string[]
}

/** The statement that undoes a prepared transaction, and where; $1 is its name. */
export const selectRollback = `
  SELECT format('ROLLBACK PREPARED %L', gid) AS rollback, database,
    database = current_database() AS is_here,
    extract(epoch FROM clock_timestamp() - prepared)::float8 * 1000 AS age_ms
  FROM pg_prepared_xacts WHERE gid = $1`

/** A row of {@link selectRollback}. */
export interface PreparedTransaction {
  readonly rollback: string
  readonly database: string
  /** Whether it is one of the database that the role is connected to. */
  readonly is_here: boolean
  readonly age_ms: number
}
