import type { Stores } from '../connect/stores.ts'
import type { Failure, SqlError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { ResultAsync, err, ok, type Result } from '../result.ts'
import type { CommitWitness, LostCommit } from '../stores/commit-witness.ts'
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
 * The outbox holds transaction ids of another server, as after the restore of a dump, which cannot
 * say which events were delivered. Or the server lacks transactions that were acknowledged, as
 * after the promotion of a standby that lagged: sinks may hold what they wrote.
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
   * same server after `pg_upgrade`, or its standby after a failover; nothing is delivered again.
   *
   * @defaultValue `'restored'`
   */
  readonly history?: 'restored' | 'continued'
}

/** The origin of an outbox that may be used. */
export interface CheckedOrigin {
  /** The history of the server. */
  readonly history: string
  /**
   * Whether all is known that may speak against it. `false` after a failover while Redis, which
   * remembers what other processes have seen, does not answer.
   */
  readonly isCertain: boolean
}

/** What a check of the origin asks. */
export interface OriginStores extends Pick<Stores, 'postgres'> {
  /** Without it nothing says that acknowledged transactions were lost. */
  readonly witness?: CommitWitness
}

export function checkOrigin({
  postgres,
  witness,
}: OriginStores): ResultAsync<CheckedOrigin, OutboxRestored | SqlError> {
  return new ResultAsync<CheckedOrigin, OutboxRestored | SqlError>(
    check(postgres.client, witness).catch(statementFailure),
  )
}

/**
 * Why relays refuse ids of another server, if they do. Unlike {@link checkOrigin} it notes nothing,
 * and does not ask what was lost.
 *
 * @internal
 */
export function findRefusal(
  stores: Pick<Stores, 'postgres'>,
): ResultAsync<OutboxRestored | undefined, SqlError> {
  const compared = compare(stores.postgres.client)
  return new ResultAsync(compared.then(({ refusal }) => ok(refusal), statementFailure))
}

export function resetOutbox(
  stores: OriginStores,
  { history = 'restored' }: ResetOptions = {},
): ResultAsync<void, SqlError> {
  const reset = unhurried(stores, async (sql) => {
    for (const statement of history === 'restored' ? resetSqls : continueSqls)
      await sql.query(statement)
    return ok(undefined)
  })
  return reset.andThen(() => new ResultAsync(forgetCommits(stores)))
}

/** Asks outside of the reset, which a question that is forbidden would roll back. */
async function forgetCommits({ postgres, witness }: OriginStores): Promise<Result<void, never>> {
  const { system } = await identityOf(postgres.client).catch(() => unknown)
  if (system !== undefined) await witness?.forget(system)
  return ok(undefined)
}

const unknown = { system: undefined }

async function check(
  sql: SqlClient,
  witness: CommitWitness | undefined,
): Promise<Result<CheckedOrigin, OutboxRestored | SqlError>> {
  const compared = await compare(sql)
  const { identity, found, refusal } = compared
  if (refusal !== undefined) return err(refusal)
  const { lost, isComplete } = await lossOf(sql, witness, compared)
  if (lost !== undefined) return err(lossy(lost, identity.timeline))
  if (isComplete)
    await sql.query(noteOriginSql, [identity.system ?? null, identity.timeline ?? null])
  return ok({ history: found?.history ?? '', isCertain: isComplete })
}

interface Compared {
  readonly identity: Identity
  readonly found: ComparedRow | undefined
  readonly refusal: OutboxRestored | undefined
}

async function compare(sql: SqlClient): Promise<Compared> {
  const identity = await identityOf(sql)
  const { rows } = await sql.query<ComparedRow>(compareSql)
  const [found] = rows
  return { identity, found, refusal: found && refusalOf(found, identity) }
}

function refusalOf(found: ComparedRow, { system }: Identity): OutboxRestored | undefined {
  if (found.is_ahead)
    return elsewhere('it holds transaction ids that this server has not reached yet')
  const known = found.system_identifier ?? undefined
  return known === undefined || system === undefined || known === system
    ? undefined
    : elsewhere(`it was last used on server ${known}, and this one is ${system}`)
}

/** What a server on another timeline than the noted one lacks, where it or the witness tells. */
async function lossOf(
  sql: SqlClient,
  witness: CommitWitness | undefined,
  { identity, found }: Compared,
): ReturnType<CommitWitness['findLost']> {
  const { system, timeline } = identity
  const lastTimeline = found?.timeline ?? timeline
  if (witness === undefined || system === undefined || timeline === undefined) return nothingLost
  if (lastTimeline === undefined || lastTimeline === timeline) return nothingLost
  return witness.findLost(sql, { system, timeline, lastTimeline })
}

const nothingLost = { lost: undefined, isComplete: true } as const

interface ComparedRow {
  readonly is_ahead: boolean
  readonly system_identifier: string | null
  readonly timeline: number | null
  readonly history: string
}

function elsewhere(reason: string): OutboxRestored {
  return refused(
    `The outbox comes from another server: ${reason}. Stop all relays, then call ` +
      'outbox(stores).reset(), which delivers again what may be undelivered; after pg_upgrade, ' +
      'outbox(stores).reset({ history: "continued" }).',
  )
}

function lossy(
  { transactionId, timeline }: LostCommit,
  present: number | undefined,
): OutboxRestored {
  return refused(
    `PostgreSQL has lost acknowledged transactions: transaction ${transactionId} of timeline ` +
      `${timeline} is not on this server, which is on timeline ${present}, as after the ` +
      'promotion of a standby that lagged. Sinks, caches and sessions may hold what was lost. ' +
      'When that is dealt with, call outbox(stores).reset({ history: "continued" }), after which ' +
      'the events of this server are delivered.',
  )
}

function refused(message: string): OutboxRestored {
  return { type: 'outbox-restored', store: 'postgres', retryable: false, message }
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
