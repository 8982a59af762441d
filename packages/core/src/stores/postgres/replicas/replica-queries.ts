import { lsnOf, type Position } from './position.ts'

const systemExpression = '(pg_control_system()).system_identifier::text'

/** The start of the server: another one, or one that was set up anew, has another. */
const runExpression = 'extract(epoch FROM pg_postmaster_start_time())::text'

/**
 * Where the log of a primary ends; a standby refuses. What is flushed counts, since a commit is
 * flushed before anyone sees it, and what is inserted behind it reaches no standby until something
 * flushes it: on a server at rest 15 s later. A place in the middle of a record, where the WAL
 * writer has stopped at the end of a page, waits for the next flush, too. Where commits do not wait
 * for the disk (`synchronous_commit = off` of the server, the database or the role) what is
 * inserted counts.
 */
export const positionSql = `
  SELECT ${systemExpression} AS system,
    left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline,
    CASE current_setting('synchronous_commit')
      WHEN 'off' THEN pg_current_wal_insert_lsn()
      ELSE pg_current_wal_flush_lsn()
    END::text AS lsn`

/** A row of {@link positionSql}. */
export interface PositionRow {
  readonly system: string
  /** Eight hexadecimal digits. */
  readonly timeline: string
  readonly lsn: string
}

/** Reads a row. */
export function toPosition({ system, timeline, lsn }: PositionRow): Position {
  return { system, timeline: parseInt(timeline, 16), lsn: lsnOf(lsn) }
}

/**
 * What a server is. A standby does not tell on which timeline the last record was that it replayed,
 * but three numbers that name a timeline only when all that it replayed belongs to its history:
 * those of its last restart point and of its last recovery point, which follow within a
 * `checkpoint_timeout`, and that of what it receives, which it has chosen by what it replayed. The
 * last is hidden from a role without `pg_read_all_stats`.
 */
export const lookSql = `
  SELECT pg_is_in_recovery() AS is_standby,
    ${systemExpression} AS system,
    greatest(
      (pg_control_checkpoint()).timeline_id,
      (pg_control_recovery()).min_recovery_end_timeline,
      (SELECT max(received_tli) FROM pg_stat_wal_receiver)
    ) AS timeline,
    ${runExpression} AS run,
    pg_last_wal_replay_lsn()::text AS replayed`

/** A row of {@link lookSql}. */
export interface LookRow {
  readonly is_standby: boolean
  readonly system: string
  readonly timeline: number
  readonly run: string
  /** NULL on a server that was never a standby. */
  readonly replayed: string | null
}

/**
 * Whether the server is still the standby that was looked at, and has replayed up to a place;
 * limits the wait for locks in the rest of its transaction, since a replay that stands still may
 * hold one for ever. $1 the place, $2 the start of the server, $3 the limit in milliseconds.
 */
export const replayedSql = `
  SELECT pg_is_in_recovery()
    AND ${runExpression} = $2
    AND pg_last_wal_replay_lsn() >= $1::pg_lsn AS is_replayed,
    set_config('lock_timeout', $3, true)`

/** A row of {@link replayedSql}. */
export interface ReplayedRow {
  readonly is_replayed: boolean | null
}
