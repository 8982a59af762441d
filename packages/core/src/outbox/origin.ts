import type { Stores } from '../connect/stores.ts'
import type { Failure, SqlError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { ResultAsync, err, ok, type Result } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import {
  compareSql,
  continueSqls,
  noteOriginSql,
  resetSqls,
  systemSql,
  timelineSql,
} from './origin-queries.ts'
import { statementFailure, unhurried } from './unhurried.ts'

/**
 * The outbox holds transaction ids of another server, as after the restore of a dump. They cannot
 * say which events were delivered.
 */
export interface OutboxRestored extends Failure<'outbox-restored'> {
  /** Always PostgreSQL. */
  readonly store: 'postgres'
}

/** Assumptions of a reset. */
export interface ResetOptions {
  /**
   * `restored`: the transaction ids belong to another server. Events that every sink had taken stay
   * taken; all others are delivered (again) to every sink, in their order. `continued`: it is the
   * same server after `pg_upgrade`; nothing is delivered again.
   *
   * @defaultValue `'restored'`
   */
  readonly history?: 'restored' | 'continued'
}

/** Checks the origin, and returns the history of the server. */
export function checkOrigin(
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<string, OutboxRestored | SqlError> {
  return new ResultAsync<string, OutboxRestored | SqlError>(
    check(stores.postgres.client).catch(statementFailure),
  )
}

/** Why relays refuse the outbox, if they do. Unlike {@link checkOrigin} it notes nothing. */
export function findRefusal(
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<OutboxRestored | undefined, SqlError> {
  const compared = compare(stores.postgres.client)
  return new ResultAsync(compared.then(({ refusal }) => ok(refusal), statementFailure))
}

export function resetOutbox(
  stores: Pick<Stores, 'postgres'>,
  { history = 'restored' }: ResetOptions = {},
): ResultAsync<void, SqlError> {
  return unhurried(stores, async (sql) => {
    for (const statement of history === 'restored' ? resetSqls : continueSqls)
      await sql.query(statement)
    return ok(undefined)
  })
}

async function check(sql: SqlClient): Promise<Result<string, OutboxRestored | SqlError>> {
  const { identity, history, refusal } = await compare(sql)
  if (refusal !== undefined) return err(refusal)
  await sql.query(noteOriginSql, [identity.system ?? null, identity.timeline ?? null])
  return ok(history)
}

interface Compared {
  readonly identity: Identity
  readonly history: string
  readonly refusal: OutboxRestored | undefined
}

async function compare(sql: SqlClient): Promise<Compared> {
  const identity = await identityOf(sql)
  const { rows } = await sql.query<ComparedRow>(compareSql)
  const [found] = rows
  return { identity, history: found?.history ?? '', refusal: found && refusalOf(found, identity) }
}

function refusalOf(found: ComparedRow, { system }: Identity): OutboxRestored | undefined {
  if (found.is_ahead)
    return restored('it holds transaction ids that this server has not reached yet')
  const known = found.system_identifier ?? undefined
  return known === undefined || system === undefined || known === system
    ? undefined
    : restored(`it was last used on server ${known}, and this one is ${system}`)
}

interface ComparedRow {
  readonly is_ahead: boolean
  readonly system_identifier: string | null
  readonly history: string
}

function restored(reason: string): OutboxRestored {
  const remedy = [
    'Stop all relays, then call outbox(stores).reset(), which delivers again what may be',
    'undelivered; after pg_upgrade, outbox(stores).reset({ history: "continued" }).',
  ].join(' ')
  return {
    type: 'outbox-restored',
    store: 'postgres',
    retryable: false,
    message: `The outbox comes from another server: ${reason}. ${remedy}`,
  }
}

interface Identity {
  readonly system: string | undefined
  readonly timeline: number | undefined
}

/** Both may be forbidden, or unknown to a server that only resembles PostgreSQL. */
async function identityOf(sql: SqlClient): Promise<Identity> {
  const optional = (error: unknown): { rows: [] } => {
    if (sqlFailureIn(error)?.type === 'store-refused') return { rows: [] }
    throw error
  }
  const system = await sql.query<{ value: string }>(systemSql).catch(optional)
  const timeline = await sql.query<{ value: number }>(timelineSql).catch(optional)
  return { system: system.rows[0]?.value, timeline: timeline.rows[0]?.value }
}
