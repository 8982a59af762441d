import type { Stores } from '../connect/stores.ts'
import type { TransactionError } from '../errors.ts'
import { err, ok, ResultAsync, type Result } from '../result.ts'
import type { Ending } from './ending.ts'
import type { TracedWork } from '../tracing/tracing.ts'
import { pauseBeforeRetry } from './pause-before-retry.ts'
import {
  transactionSettings,
  type TransactionOptions,
  type TransactionSettings,
} from './transaction-options.ts'
import type { TransactionWork } from './transaction-work.ts'
import { runWritePath } from './write-path.ts'

/**
 * Runs `work` in one transaction: commits when it returns `Ok`, rolls back when it returns `Err` or
 * throws.
 *
 * `Ok` means that everything is committed; nothing that happens to Redis afterwards changes that.
 * When a statement failed and `work` returned `Ok` all the same, the result is
 * `transaction-poisoned`. When the connection is lost during COMMIT, another one is asked for the
 * outcome; only if no server can answer the result is `commit-unknown`. A throw of `work` that is
 * not a statement's failure is a programmer's mistake: the promise rejects with it, after ROLLBACK.
 *
 * Costs a round trip for each statement and one for COMMIT, which also carries the insert of
 * published events. BEGIN is sent along with the first statement.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule.
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
  const settings = transactionSettings(options)
  const { tracing } = stores.diagnostics
  const run = () => runToTheEnd(stores, work, settings)
  return new ResultAsync(tracing.isOn ? tracing.result(tracedTransaction(), run) : run())
}

function tracedTransaction(): TracedWork {
  return { name: 'transaction', part: 'transaction', attributes: {} }
}

async function runToTheEnd<T, E>(
  stores: Stores,
  work: TransactionWork<T, E>,
  settings: TransactionSettings,
): Promise<Result<T, E | TransactionError>> {
  const startedAt = stores.clock.monotonic()
  for (let attempts = 1; ; attempts += 1) {
    const ending = await runWritePath(stores, work, settings)
    if (isWorthAnotherAttempt(ending) && attempts < settings.maxAttempts) {
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
