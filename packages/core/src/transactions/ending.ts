import type { SqlError, TransactionError } from '../errors.ts'
import { sqlFailureIn } from '../failure/failure-error.ts'
import { withCause } from '../failure/with-cause.ts'

/**
 * The end of one run of a transaction: `committed`, `refused` by the work's own `Err`, `failed` by
 * the database, or `thrown` by a mistake.
 */
export type Ending<T, E> =
  | { readonly kind: 'committed'; readonly value: T }
  | { readonly kind: 'refused'; readonly error: E }
  | { readonly kind: 'failed'; readonly error: TransactionError }
  | { readonly kind: 'thrown'; readonly error: unknown }

/** The ending for an error that was caught. */
export function failed(error: unknown): Ending<never, never> {
  const failure = sqlFailureIn(error)
  return failure === undefined ? { kind: 'thrown', error } : failedBy(failure)
}

export function failedBy(error: TransactionError | SqlError): Ending<never, never> {
  return { kind: 'failed', error }
}

export function poisoned(message: string, cause?: unknown): Ending<never, never> {
  const failure: TransactionError = {
    type: 'transaction-poisoned',
    store: 'postgres',
    message,
    retryable: false,
  }
  return failedBy(withCause(failure, sqlFailureIn(cause) ?? cause))
}
