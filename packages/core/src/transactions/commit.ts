import type { Stores } from '../connect/stores.ts'
import type { CommitUnknown, SqlError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import { isOutage } from '../failure/is-outage.ts'
import type { Insertion } from '../outbox/log/publish.ts'
import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { withCause } from '../failure/with-cause.ts'
import type { TransactionIdentity } from './begin.ts'
import { findCommitOutcome, settleUnknownCommit } from './commit-outcome.ts'
import { failed, failedBy, poisoned, type Ending } from './ending.ts'
import type { Deadline } from './transaction-deadline.ts'

/** A transaction that is ready to commit. */
export interface Committing {
  readonly stores: Stores
  readonly change: KeyChange
  readonly identity: TransactionIdentity
  readonly deadline: Deadline
  readonly insertion: Insertion
}

/**
 * Inserts the events and commits, in one round trip. When the connection is lost on the way,
 * another one is asked for the outcome. Never rejects.
 */
export async function commit(
  connection: PostgresConnection,
  committing: Committing,
): Promise<'committed' | Ending<never, never>> {
  const {
    stores,
    identity,
    insertion: { text, values, ids },
  } = committing
  try {
    const reply = await (ids.length > 0
      ? connection.queryThenCommit(text, values)
      : connection.query('COMMIT'))
    if (reply.command !== 'COMMIT')
      return poisoned(`COMMIT was answered with ${String(reply.command)}: nothing was committed`)
  } catch (error) {
    const failure = sqlFailureIn(error)
    if (failure === undefined || !mayHaveCommitted(failure)) return failed(error)
    connection.close()
    const ending = await endingAfterLoss(committing, error)
    if (ending !== 'committed') return ending
  }
  if (ids.length > 0) {
    stores.diagnostics.emit('outbox:published', { count: ids.length })
    stores.hints.give()
    stores.witness.saw(identity)
  }
  return 'committed'
}

/**
 * Whether COMMIT may have been carried out although it failed: the answer was lost, or it is one
 * that comes with the end of the connection. Poolers answer so after the server has committed.
 */
function mayHaveCommitted(failure: SqlError): boolean {
  if (isOutage(failure)) return true
  return failure.type === 'store-refused' && (isOfConnection(failure) || isFatal(failure.cause))
}

function isOfConnection({ code = '' }: { readonly code?: string }): boolean {
  return /^(XX|08|57P|58|F0|25P04)/.test(code)
}

function isFatal(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null || !('severity' in cause)) return false
  return cause.severity === 'FATAL' || cause.severity === 'PANIC'
}

async function endingAfterLoss(
  { stores, change, identity, deadline }: Committing,
  cause: unknown,
): Promise<'committed' | Ending<never, never>> {
  const outcome = await findCommitOutcome(stores, identity)
  switch (outcome) {
    case 'committed':
      return 'committed'
    case 'aborted':
      return deadline.isOver ? failedBy(deadline.failure) : failed(cause)
    case 'other-server':
    case 'unreplicated':
    case 'unknown':
      stores.invalidation.background(settleUnknownCommit(stores, identity, change))
      return failedBy(commitUnknown(reasons[outcome], identity, cause))
  }
}

const reasons = {
  unknown: 'no server could be asked for the outcome',
  unreplicated:
    'the server has committed it, but no synchronous standby has confirmed that in time, ' +
    'so that a failover may lose it',
  'other-server':
    'a promoted standby, another server, or one that has recovered from a crash answers now, ' +
    'which cannot know the outcome',
}

function commitUnknown(
  reason: string,
  { transactionId }: TransactionIdentity,
  cause: unknown,
): CommitUnknown {
  const failure: CommitUnknown = {
    type: 'commit-unknown',
    store: 'postgres',
    message: `the connection was lost during COMMIT, and ${reason}`,
    retryable: false,
    transactionId,
  }
  return withCause(failure, cause)
}
