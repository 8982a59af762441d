import type { Failure, SqlError } from '../errors.ts'
import { ResultAsync, err, ok, type Result } from '../result.ts'
import { sqlFailureIn } from '../failure-error.ts'
import { type Stores } from '../connect/stores.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import { shardSql } from './log/shard.ts'

/**
 * The outbox holds transaction ids of another server, as after the restore of a dump: which events
 * were delivered cannot be told by them.
 */
export interface OutboxRestored extends Failure<'outbox-restored'> {
  /** Always PostgreSQL. */
  readonly store: 'postgres'
}

/**
 * Compares the transaction ids in the outbox with the server's counter and, where the server tells
 * them, its system identifier and timeline with those seen last. Three round trips. A new timeline
 * alone, as after a failover, is taken note of: transaction ids go on across it.
 */
export function checkOrigin(
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<void, OutboxRestored | SqlError> {
  return new ResultAsync<void, OutboxRestored | SqlError>(
    check(stores.postgres.client).catch(statementFailure),
  )
}

/** What {@link resetOutbox} assumes. */
export interface ResetOptions {
  /**
   * `restored`: the transaction ids belong to another server. Events that every sink had taken stay
   * taken, all others are delivered (again) to every sink, in their order. `continued`: it is the
   * same server after `pg_upgrade`; nothing is delivered again.
   *
   * @defaultValue `'restored'`
   */
  readonly history?: 'restored' | 'continued'
}

/**
 * Makes an outbox usable again whose transaction ids belong to another server. Stop the relays
 * first; locks the outbox until it is done and writes every row of it anew.
 */
export function resetOutbox(
  stores: Pick<Stores, 'postgres'>,
  { history = 'restored' }: ResetOptions = {},
): ResultAsync<void, SqlError> {
  const work = stores.postgres.withConnection(
    async (connection) => {
      await connection.query('BEGIN')
      await connection.query('SET LOCAL statement_timeout = 0')
      for (const statement of history === 'restored' ? resetSqls : continueSqls)
        await connection.query(statement)
      await connection.query('COMMIT')
    },
    { deadlineMs: Infinity },
  )
  return new ResultAsync(work.then(() => ok(undefined), statementFailure))
}

async function check(sql: SqlClient): Promise<Result<void, OutboxRestored | SqlError>> {
  const identity = await identityOf(sql)
  const { rows } = await sql.query<{ is_ahead: boolean; system_identifier: string | null }>(
    compareSql,
  )
  const [found] = rows
  if (found?.is_ahead === true)
    return err(restored('it holds transaction ids that this server has not reached yet'))
  const known = found?.system_identifier ?? undefined
  if (known !== undefined && identity.system !== undefined && known !== identity.system)
    return err(restored(`it was last used on the server ${known}, this one is ${identity.system}`))
  await sql.query(noteSql, [identity.system ?? null, identity.timeline ?? null])
  return ok(undefined)
}

function restored(reason: string): OutboxRestored {
  const remedy =
    'Stop all relays, then call resetOutbox(stores), which delivers what may be undelivered again; after pg_upgrade, resetOutbox(stores, { history: "continued" }).'
  return {
    type: 'outbox-restored',
    store: 'postgres',
    retryable: false,
    message: `The outbox comes from another server: ${reason}. ${remedy}`,
  }
}

/** Both may be forbidden or unknown to a server that only resembles PostgreSQL. */
async function identityOf(
  sql: SqlClient,
): Promise<{ readonly system: string | undefined; readonly timeline: number | undefined }> {
  const optional = (error: unknown): { rows: [] } => {
    if (sqlFailureIn(error)?.type === 'store-refused') return { rows: [] }
    throw error
  }
  const system = await sql
    .query<{ value: string }>('SELECT system_identifier::text AS value FROM pg_control_system()')
    .catch(optional)
  const timeline = await sql.query<{ value: number }>(timelineSql).catch(optional)
  return { system: system.rows[0]?.value, timeline: timeline.rows[0]?.value }
}

function statementFailure(error: unknown): Result<never, SqlError> {
  const failure = sqlFailureIn(error)
  if (failure !== undefined) return err(failure)
  throw error
}

const timelineSql = `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS value`

const compareSql = `
  SELECT coalesce((SELECT xid FROM @schema.outbox ORDER BY xid DESC LIMIT 1) >= now.xmax, false)
      OR coalesce((SELECT pg_snapshot_xmax(snap) FROM @schema.outbox_tick ORDER BY id DESC LIMIT 1) > now.xmax, false) AS is_ahead,
    (SELECT system_identifier::text FROM @schema.outbox_origin) AS system_identifier
  FROM (SELECT pg_snapshot_xmax(pg_current_snapshot()) AS xmax) AS now`

const noteSql = `
  INSERT INTO @schema.outbox_origin AS known (system_identifier, timeline) VALUES ($1, $2)
  ON CONFLICT (is_only) DO UPDATE SET system_identifier = coalesce(excluded.system_identifier, known.system_identifier),
    timeline = coalesce(excluded.timeline, known.timeline), noted_at = now()
  WHERE (known.system_identifier, known.timeline) IS DISTINCT FROM
    (coalesce(excluded.system_identifier, known.system_identifier), coalesce(excluded.timeline, known.timeline))`

const lockSql =
  'LOCK TABLE @schema.outbox, @schema.outbox_cursor, @schema.outbox_tick IN ACCESS EXCLUSIVE MODE'

const forgetSql = 'DELETE FROM @schema.outbox_origin'

/**
 * Ids and snapshots came from the same server, so they still tell what was delivered; rows get id 3
 * for that, and new ids otherwise.
 */
const rewriteSql = `
  WITH moved AS (DELETE FROM @schema.outbox RETURNING *)
  INSERT INTO @schema.outbox (seq, id, aggregatetype, aggregateid, type, payload, headers, version, shard, created_at, xid)
  OVERRIDING SYSTEM VALUE
  SELECT seq, id, aggregatetype, aggregateid, type, payload, headers, version, shard, created_at,
    CASE WHEN EXISTS (
      SELECT FROM @schema.outbox_cursor c
      JOIN @schema.outbox_tick t ON t.id = c.tick LEFT JOIN @schema.outbox_tick u ON u.id = c.tick_to
      WHERE c.shard = ${shardSql('moved')} AND NOT pg_visible_in_snapshot(moved.xid, t.snap)
        AND NOT coalesce(pg_visible_in_snapshot(moved.xid, u.snap) AND moved.seq <= c.last_seq, false)
    ) THEN pg_current_xact_id() ELSE '3'::xid8 END
  FROM moved ORDER BY seq`

const rewindSql = `
  UPDATE @schema.outbox_cursor SET tick = 1, tick_to = NULL, last_seq = 0, fence = fence + 1, owner = NULL, lease_until = 'epoch', crashes = 0`

const resetSqls = [
  lockSql,
  rewriteSql,
  rewindSql,
  'DELETE FROM @schema.outbox_tick WHERE id > 1',
  forgetSql,
]
const continueSqls = [forgetSql]
