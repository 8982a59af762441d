import type { CommitUnknown, SqlError, TransactionError } from '../errors.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import { isOutage } from '../is-outage.ts'
import { insertOf, type Insertion } from '../outbox/log/publish.ts'
import type { Result } from '../result.ts'
import { sqlFailureIn } from '../failure-error.ts'
import { type PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { type Stores } from '../connect/stores.ts'
import type { TransactionIdentity } from './begin.ts'
import { findCommitOutcome, settleUnknownCommit } from './commit-outcome.ts'
import { Deadline } from './transaction-deadline.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { TransactionOptions, TransactionWork } from './transaction.ts'
import { withCause } from '../with-cause.ts'

/**
 * How one attempt at a transaction ended: `refused` by the work's own `Err`, `failed` by the
 * database, `thrown` by a mistake.
 */
export type Ending<T, E> =
  | { readonly kind: 'committed'; readonly value: T }
  | { readonly kind: 'refused'; readonly error: E }
  | { readonly kind: 'failed'; readonly error: TransactionError }
  | { readonly kind: 'thrown'; readonly error: unknown }

interface Attempt<T, E> {
  readonly stores: Stores
  readonly work: TransactionWork<T, E>
  readonly options: Required<TransactionOptions>
  readonly change: KeyChange
}

/**
 * The write path, once: run, hold, commit, release. Never rejects but for what `work` threw, which
 * is an ending as well.
 */
export async function runAttempt<T, E>(
  stores: Stores,
  work: TransactionWork<T, E>,
  options: Required<TransactionOptions>,
): Promise<Ending<T, E>> {
  const change = stores.invalidation.begin(holdLifeMs(stores, options))
  const attempt = { stores, work, options, change }
  const ending = await stores.postgres
    .withConnection((connection) => runOn(connection, attempt))
    .catch(failed)
  const isUnknown = ending.kind === 'failed' && ending.error.type === 'commit-unknown'
  if (!isUnknown) stores.invalidation.background(change.release())
  return ending
}

/**
 * A paused process can be cut off by the server as late as two deadlines after a hold; the hold
 * must still be there then.
 */
function holdLifeMs(stores: Stores, options: Required<TransactionOptions>): number {
  return Math.max(stores.invalidation.options.holdMs, 2 * options.deadlineMs + 2_000)
}

async function runOn<T, E>(
  connection: PostgresConnection,
  attempt: Attempt<T, E>,
): Promise<Ending<T, E>> {
  const deadline = new Deadline(attempt.options.deadlineMs, () => {
    connection.close()
  })
  try {
    const tx = new OpenTransaction({ connection, ...attempt })
    const decision = await decide(tx, attempt.work, deadline)
    if (decision.kind !== 'committed') return await rollBack(connection, tx, decision)
    const identity = await tx.begin()
    const ready = await prepare(tx, { attempt, identity })
    if ('kind' in ready) return await rollBack(connection, tx, ready)
    return await commit(connection, decision, { attempt, identity, deadline, tx, insertion: ready })
  } catch (error) {
    connection.close()
    return deadline.hasPassed ? failedBy(deadline.failure) : failed(error)
  } finally {
    deadline.clear()
  }
}

async function decide<T, E>(
  tx: OpenTransaction,
  work: TransactionWork<T, E>,
  deadline: Deadline,
): Promise<Ending<T, E>> {
  try {
    const result = await deadline.race(Promise.resolve(work(tx)))
    await deadline.race(tx.settle())
    return endingOf(result, tx)
  } catch (error) {
    tx.end()
    if (deadline.hasPassed) return failedBy(deadline.failure)
    if (sqlFailureIn(error) === undefined) return { kind: 'thrown', error }
    return failed(tx.firstFailure?.error ?? error)
  }
}

function endingOf<T, E>(result: Result<T, E>, tx: OpenTransaction): Ending<T, E> {
  if (result.isErr()) return { kind: 'refused', error: result.error }
  if (tx.firstFailure === undefined) return { kind: 'committed', value: result.value }
  return failedBy(
    poisoned(
      'a statement of the transaction failed and the work went on: nothing was committed',
      tx.firstFailure.error,
    ),
  )
}

/** The holds are awaited last: they are on their way since `invalidate`. */
async function prepare<T, E>(
  tx: OpenTransaction,
  { attempt, identity }: Begun<T, E>,
): Promise<Ending<T, E> | Insertion> {
  try {
    const insertion = insertOf(tx.events)
    await attempt.change.hold(async () => identity.transactionId)
    return insertion
  } catch (error) {
    return failed(error)
  }
}

interface Begun<T, E> {
  readonly attempt: Attempt<T, E>
  readonly identity: TransactionIdentity
}

interface Committing<T, E> extends Begun<T, E> {
  readonly deadline: Deadline
  readonly tx: OpenTransaction
  readonly insertion: Insertion
}

async function commit<T, E>(
  connection: PostgresConnection,
  success: Ending<T, E>,
  committing: Committing<T, E>,
): Promise<Ending<T, E>> {
  const {
    attempt: { stores },
    deadline,
    tx,
    insertion: { text, values, ids },
  } = committing
  try {
    const reply = await (ids.length > 0
      ? connection.queryThenCommit(text, values)
      : connection.query('COMMIT'))
    if (reply.command !== 'COMMIT')
      return failedBy(
        poisoned(`COMMIT was answered with ${String(reply.command)}: nothing was committed`),
      )
  } catch (error) {
    const failure = sqlFailureIn(error)
    if (failure === undefined || !isOutage(failure))
      return await rollBack(connection, tx, failed(error))
    connection.close()
    const outcome = await findCommitOutcome(stores, committing.identity)
    if (outcome === 'aborted')
      return deadline.hasPassed ? failedBy(deadline.failure) : failed(error)
    if (outcome === 'unknown') return unknownEnding(committing, error)
  }
  if (ids.length > 0) stores.diagnostics.emit('outbox:published', { count: ids.length })
  return success
}

function unknownEnding<T, E>(
  { attempt, identity }: Committing<T, E>,
  cause: unknown,
): Ending<T, E> {
  attempt.stores.invalidation.background(
    settleUnknownCommit(attempt.stores, identity, attempt.change),
  )
  const failure: CommitUnknown = {
    type: 'commit-unknown',
    store: 'postgres',
    message: 'the connection was lost during COMMIT and the outcome could not be found out',
    retryable: false,
    transactionId: identity.transactionId,
  }
  return failedBy(withCause(failure, cause))
}

async function rollBack<T, E>(
  connection: PostgresConnection,
  tx: OpenTransaction,
  ending: Ending<T, E>,
): Promise<Ending<T, E>> {
  if (ending.kind === 'failed' && isOutage(ending.error)) {
    connection.close()
    return ending
  }
  if (tx.hasBegun)
    await connection.query('ROLLBACK').catch(() => {
      connection.close()
    })
  return ending
}

function failed(error: unknown): Ending<never, never> {
  const failure = sqlFailureIn(error)
  return failure === undefined ? { kind: 'thrown', error } : failedBy(failure)
}

function failedBy(error: TransactionError | SqlError): Ending<never, never> {
  return { kind: 'failed', error }
}

function poisoned(message: string, cause?: unknown): TransactionError {
  const failure: TransactionError = {
    type: 'transaction-poisoned',
    store: 'postgres',
    message,
    retryable: false,
  }
  return withCause(failure, sqlFailureIn(cause) ?? cause)
}
