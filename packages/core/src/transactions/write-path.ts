import type { Stores } from '../connect/stores.ts'
import type { TransactionError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import { isOutage } from '../failure/is-outage.ts'
import { insertOf, type Insertion } from '../outbox/log/publish.ts'
import { withTrace } from '../outbox/log/trace-headers.ts'
import type { Result } from '../result.ts'
import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { commit } from './commit.ts'
import { failed, failedBy, poisoned, type Ending } from './ending.ts'
import { OpenTransaction } from './open-transaction.ts'
import { Deadline } from './transaction-deadline.ts'
import type { TransactionSettings } from './transaction-options.ts'
import { serverGraceMs } from './transaction-queries.ts'
import type { TransactionWork } from './transaction-work.ts'

interface Writing<T, E> {
  readonly stores: Stores
  readonly work: TransactionWork<T, E>
  readonly settings: TransactionSettings
  readonly change: KeyChange
}

/**
 * Runs the write path once: run the work, hold its keys, commit, release the keys. Never rejects: a
 * throw of `work` is an ending as well.
 */
export async function runWritePath<T, E>(
  stores: Stores,
  work: TransactionWork<T, E>,
  settings: TransactionSettings,
): Promise<Ending<T, E>> {
  const change = stores.invalidation.begin({
    lifeMs: holdLifeMs(stores, settings),
    waitsForId: true,
  })
  const writing = { stores, work, settings, change }
  const ending = await stores.postgres
    .withConnection((connection) => runOn(connection, writing), { signal: settings.signal })
    .catch(failed)
  const isUnknown = ending.kind === 'failed' && ending.error.type === 'commit-unknown'
  if (!isUnknown) stores.invalidation.background(change.release())
  return ending
}

/**
 * The server can cut off a paused process as late as two limits after a hold, which must still
 * be there then.
 */
function holdLifeMs(stores: Stores, { deadlineMs }: TransactionSettings): number {
  const { holdMs } = stores.invalidation.options
  return Math.max(holdMs, 2 * (deadlineMs + serverGraceMs) + 1_500)
}

async function runOn<T, E>(
  connection: PostgresConnection,
  { stores, work, settings, change }: Writing<T, E>,
): Promise<Ending<T, E>> {
  const deadline = new Deadline(settings, () => {
    connection.close()
  })
  try {
    const tx = new OpenTransaction({ connection, change, settings })
    const decision = await decide(tx, work, deadline)
    if (decision.kind !== 'committed')
      return await rollBack(connection, tx, inTime(decision, deadline))
    const identity = await tx.begin()
    const insertion = await prepare(tx, change, stores.diagnostics.tracing.headers())
    if ('kind' in insertion) return await rollBack(connection, tx, inTime(insertion, deadline))
    if (deadline.hasPassed) return failedBy(deadline.failure)
    deadline.beginCommit()
    const ending = await commit(connection, { stores, change, identity, deadline, insertion })
    return ending === 'committed' ? decision : await rollBack(connection, tx, ending)
  } catch (error) {
    connection.close()
    return deadline.hasPassed ? failedBy(deadline.failure) : inTime(failed(error), deadline)
  } finally {
    deadline.clear()
  }
}

/** Once its time is up, that is why a transaction was cut off, whatever the server said of it. */
function inTime<T, E>(ending: Ending<T, E>, deadline: Deadline): Ending<T, E> {
  const isCutOff = ending.kind === 'failed' && isOutage(ending.error)
  return isCutOff && deadline.isOver ? failedBy(deadline.failure) : ending
}

async function decide<T, E>(
  tx: OpenTransaction,
  work: TransactionWork<T, E>,
  deadline: Deadline,
): Promise<Ending<T, E>> {
  try {
    const result = await deadline.race(Promise.resolve(work(tx)))
    await deadline.race(tx.settle())
    return tx.endedEarly ?? endingOf(result, tx)
  } catch (error) {
    tx.end()
    if (deadline.hasPassed) return failedBy(deadline.failure)
    if (tx.endedEarly !== undefined) return tx.endedEarly
    if (sqlFailureIn(error) === undefined) return { kind: 'thrown', error }
    return failed(tx.firstFailure?.error ?? error)
  }
}

function endingOf<T, E>(result: Result<T, E>, tx: OpenTransaction): Ending<T, E> {
  if (!isResult(result)) return { kind: 'thrown', error: noResult(result) }
  if (result.isErr()) return { kind: 'refused', error: result.error }
  if (tx.firstFailure === undefined) return { kind: 'committed', value: result.value }
  return poisoned(
    'a statement of the transaction failed and the work went on: nothing was committed',
    tx.firstFailure.error,
  )
}

function isResult(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'isErr' in value
}

function noResult(value: unknown): TypeError {
  const got = value === undefined ? 'nothing: is a `return` missing?' : typeof value
  return new TypeError(`transaction: expected the work to return ok(…) or err(…), got ${got}`)
}

/** Waits for the holds last: they are on their way since `invalidate`. */
async function prepare(
  tx: OpenTransaction,
  change: KeyChange,
  headers: Readonly<Record<string, string>>,
): Promise<Ending<never, never> | Insertion> {
  try {
    const insertion = insertOf(withTrace(tx.events, headers))
    const { transactionId } = await tx.begin()
    await change.hold(async () => transactionId)
    return insertion
  } catch (error) {
    return failed(error)
  }
}

async function rollBack<T, E>(
  connection: PostgresConnection,
  tx: OpenTransaction,
  ending: Ending<T, E>,
): Promise<Ending<T, E>> {
  if (ending.kind === 'failed' && isConnectionLost(ending.error)) {
    connection.close()
    return ending
  }
  if (tx.hasBegun)
    await connection.query('ROLLBACK').catch(() => {
      connection.close()
    })
  return ending
}

function isConnectionLost(error: TransactionError): boolean {
  return isOutage(error) || error.type === 'commit-unknown'
}
