import type { CacheKey } from '../cache-key.ts'
import type { TransactionError } from '../errors.ts'
import type { NewEvent } from '../outbox/log/event.ts'
import type { AsyncResult } from '../result.ts'
import { err, ok, ResultAsync, type Result } from '../result.ts'
import type { Stores } from '../connect/stores.ts'
import { runAttempt, type Ending } from './write-path.ts'
import { pauseBeforeRetry } from './retry.ts'
import type { SqlClient } from '../stores/sql-client.ts'

/**
 * A transaction under way. A statement that fails rejects and poisons it: no later statement runs
 * and COMMIT is never sent.
 */
export interface Transaction extends SqlClient {
  /**
   * Announces that the transaction changes what these keys are loaded from: no cached value older
   * than the commit is served after it.
   */
  invalidate(...keys: readonly CacheKey[]): void
  /**
   * Publishes events with the commit: all of a transaction's events are inserted by one statement,
   * sent together with COMMIT.
   */
  publish(...events: readonly NewEvent[]): void
}

/** Options of {@link transaction}. */
export interface TransactionOptions {
  /**
   * Time from BEGIN to the end of COMMIT, in milliseconds; then the statement under way is cut off
   * and nothing is committed.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
  /**
   * How often `work` may run when serialization failures and deadlocks stop it. Above 1, `work`
   * must be safe to run again.
   *
   * @defaultValue `1`
   */
  readonly maxAttempts?: number
  /**
   * What the transaction sees of others.
   *
   * @defaultValue `'read committed'`
   */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
}

/** The defaults of {@link TransactionOptions}. */
export const transactionDefaults = {
  deadlineMs: 5_000,
  maxAttempts: 1,
  isolation: 'read committed',
} as const satisfies Required<TransactionOptions>

/** What `transaction` runs: it gives back what to commit, or why to roll back. */
export type TransactionWork<T, E> = (tx: Transaction) => AsyncResult<T, E>

/**
 * Runs `work` in one transaction: commits when it gives back `Ok`, rolls back when it gives back
 * `Err` or throws.
 *
 * An `Ok` of this function means that everything is committed: what happens to Redis afterwards
 * changes nothing. When a statement failed and `work` gave back `Ok` all the same the result is
 * `transaction-poisoned`. When the connection is lost during COMMIT another one is asked what
 * became of the transaction; only when that fails too the result is `commit-unknown`. A throw of
 * `work` that is no statement's failure is a programmer's mistake: the promise rejects with it,
 * after the ROLLBACK.
 *
 * Costs BEGIN, the statements, and COMMIT, which takes the insert of published events along. A
 * first statement without parameters, such as one that locks a row, goes along with BEGIN and costs
 * no round trip of its own.
 *
 * @example
 * ```ts
 * const renamed = await transaction(stores, async (tx) => {
 *   await tx.query('UPDATE @schema.courses SET title = $2 WHERE id = $1', [5, 'Algebra'])
 *   tx.invalidate(courses.key(5))
 *   return ok(undefined)
 * })
 * ```
 */
export function transaction<T, E = never>(
  stores: Stores,
  work: TransactionWork<T, E>,
  options: TransactionOptions = {},
): ResultAsync<T, E | TransactionError> {
  return new ResultAsync(runToTheEnd(stores, work, checkOptions(options)))
}

async function runToTheEnd<T, E>(
  stores: Stores,
  work: TransactionWork<T, E>,
  options: Required<TransactionOptions>,
): Promise<Result<T, E | TransactionError>> {
  const startedAt = stores.clock.monotonic()
  for (let attempts = 1; ; attempts += 1) {
    const ending = await runAttempt(stores, work, options)
    if (isWorthAnotherAttempt(ending) && attempts < options.maxAttempts) {
      await pauseBeforeRetry(attempts)
      continue
    }
    stores.diagnostics.emit('transaction:end', {
      outcome: outcomeOf(ending),
      durationMs: stores.clock.monotonic() - startedAt,
      retries: attempts - 1,
    })
    return resultOf(ending)
  }
}

function isWorthAnotherAttempt(ending: Ending<unknown, unknown>): boolean {
  return ending.kind === 'failed' && ending.error.type === 'serialization-failed'
}

function outcomeOf(ending: Ending<unknown, unknown>): 'committed' | 'rolled-back' | 'unknown' {
  if (ending.kind === 'committed') return 'committed'
  return ending.kind === 'failed' && ending.error.type === 'commit-unknown'
    ? 'unknown'
    : 'rolled-back'
}

function resultOf<T, E>(ending: Ending<T, E>): Result<T, E | TransactionError> {
  switch (ending.kind) {
    case 'committed':
      return ok(ending.value)
    case 'refused':
      return err(ending.error)
    case 'failed':
      return err(ending.error)
    case 'thrown':
      throw ending.error
  }
}

function checkOptions(options: TransactionOptions): Required<TransactionOptions> {
  const checked = { ...transactionDefaults, ...options }
  if (!(Number.isFinite(checked.deadlineMs) && checked.deadlineMs > 0))
    throw new TypeError(
      `a transaction's deadlineMs is a positive number: got ${checked.deadlineMs}`,
    )
  if (!(Number.isInteger(checked.maxAttempts) && checked.maxAttempts > 0))
    throw new TypeError(
      `a transaction's maxAttempts is a positive integer: got ${checked.maxAttempts}`,
    )
  if (!['read committed', 'repeatable read', 'serializable'].includes(checked.isolation))
    throw new TypeError(
      `a transaction's isolation is "read committed", "repeatable read" or "serializable": got ${String(checked.isolation)}`,
    )
  return checked
}
