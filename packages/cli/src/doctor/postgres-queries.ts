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
 * The statements that renew the statistics of tables, and whether the role may: the server itself
 * only warns. $1 is the schema, $2 has the names of the tables.
 */
export const selectAnalyze = `
  SELECT c.relname AS name, format('ANALYZE %I.%I', n.nspname, c.relname) AS analyze,
    quote_ident(current_user) AS role, quote_ident(pg_get_userbyid(c.relowner)) AS owner,
    pg_has_role(d.datdba, 'USAGE') OR
      CASE WHEN current_setting('server_version_num')::int >= 170000
        THEN has_table_privilege(c.oid, 'MAINTAIN')
        ELSE pg_has_role(c.relowner, 'USAGE')
      END AS may_analyze
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_database d ON d.datname = current_database()
  WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND c.relkind IN ('r', 'p', 'm')`

/** A row of {@link selectAnalyze}. */
export interface Analyzable {
  readonly name: string
  readonly analyze: string
  /** The role that asks, and the one that may, as a statement names them. */
  readonly role: string
  readonly owner: string
  readonly may_analyze: boolean
}

/**
 * Of the first and the last published courses, how many have other words than they should; fewer
 * are looked at where descriptions are long.
 */
export const selectOtherWords = `
  WITH sampled AS MATERIALIZED (
    SELECT DISTINCT id
    FROM (
      SELECT id, sum(octet_length(description)) OVER (ORDER BY place, id) AS bytes
      FROM (
        (
          SELECT id, description, row_number() OVER (ORDER BY id) AS place
          FROM @schema.courses WHERE is_published ORDER BY id LIMIT 25
        )
        UNION
        (
          SELECT id, description, row_number() OVER (ORDER BY id DESC) AS place
          FROM @schema.courses WHERE is_published ORDER BY id DESC LIMIT 25
        )
      ) AS either
    ) AS measured
    WHERE coalesce(bytes, 0) < 100000
  )
  SELECT count(*)::integer AS sampled,
    count(*) FILTER (
      WHERE (kept.words, kept.category, kept.title_words)
        IS DISTINCT FROM (wanted.words, wanted.category, wanted.title_words)
    )::integer AS differing
  FROM sampled
  CROSS JOIN LATERAL (
    SELECT * FROM @schema.search_words_of_courses AS one WHERE one.course_id = sampled.id
  ) AS wanted
  LEFT JOIN @schema.search_words AS kept ON kept.course_id = sampled.id`
