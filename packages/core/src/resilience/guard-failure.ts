import { BrokenCircuitError, BulkheadRejectedError } from 'cockatiel'
import type { StoreError, StoreName } from '../errors.ts'
import { withCause } from '../failure/with-cause.ts'
import { AttemptFailed } from './complaint.ts'

/** A guarded call as its failure names it. */
export interface GuardedCall {
  /** The store that was asked. */
  readonly store: StoreName
  /** The operation that was asked of it. */
  readonly operation: string
  /** Time that the call had, in milliseconds. */
  readonly deadlineMs: number
}

/** The failure of a guarded call, made by its breaker, bulkhead, deadline or last attempt. */
export function guardFailure(error: unknown, call: GuardedCall): StoreError {
  if (error instanceof BrokenCircuitError) return unavailable(call, 'its breaker is open')
  if (error instanceof BulkheadRejectedError) return unavailable(call, 'too many calls are waiting')
  if (!(error instanceof AttemptFailed)) return late(call, error)
  const { type, reason, code, cause } = error.complaint
  if (type === 'store-unavailable') return unavailable(call, reason, cause)
  const { store, operation } = call
  const message = `${store} refused \`${operation}\`: ${reason}`
  const refusal = { type, store, operation, message, retryable: false } as const
  return withCause(code === undefined ? refusal : { ...refusal, code }, cause)
}

function unavailable({ store, operation }: GuardedCall, reason: string, cause?: unknown) {
  const message = `${store} is not available for \`${operation}\`: ${reason}`
  return withCause<StoreError>(
    { type: 'store-unavailable', store, operation, message, retryable: true },
    cause,
  )
}

function late({ store, operation, deadlineMs }: GuardedCall, cause: unknown): StoreError {
  const message = `${store} did not answer \`${operation}\` within ${Math.round(deadlineMs)} ms`
  return withCause<StoreError>(
    { type: 'deadline-exceeded', store, operation, deadlineMs, message, retryable: true },
    cause,
  )
}
