import type { InputIssue, InvalidInput } from '../errors.ts'

/** The HTTP status of failures by their type. */
export type FailureStatuses = Readonly<Record<string, number>>

/** The part of a failure that decides how a request that met it is answered. */
export interface AnswerableFailure {
  /** The kind of failure. */
  readonly type: string
  /** One sentence for the host. */
  readonly message: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
}

/** The part of a failure that a client of the host may see. */
export interface PublicFailure {
  /** The failure's type, `internal` for a mistake of the host's own. */
  readonly type: string
  /** One sentence; for statuses from 500 it says nothing of what happened inside. */
  readonly message: string
  /** Path of the first field that is wrong, for `invalid-input`. */
  readonly field?: string
  /** Every field that is wrong, for `invalid-input`. */
  readonly issues?: readonly InputIssue[]
}

/** The statuses of core's own failures; those that are not listed are the host's mistakes: 500. */
export const coreStatuses = {
  'invalid-input': 400,
  'not-found': 404,
  'version-conflict': 409,
  'store-unavailable': 503,
  'deadline-exceeded': 503,
  'serialization-failed': 503,
  'commit-unknown': 503,
  'sessions-revoked': 503,
} as const satisfies FailureStatuses

const internal: PublicFailure = { type: 'internal', message: 'something went wrong here' }
const unavailable = 'not available at the moment'
const outageRetryMs = 1_000

/**
 * The HTTP status of a failure: 4xx when the client can do something about it, 503 when a store
 * cannot be asked, 500 for every type that neither `statuses` nor {@link coreStatuses} lists.
 *
 * @example
 * ```ts
 * const statuses = { ...repositoriesStatuses, 'coupon-expired': 422 }
 * const error = publicFailure(failure, statuses)
 * response.status(httpStatusOf(failure, statuses)).json({ error })
 * ```
 */
export function httpStatusOf(
  { type }: Pick<AnswerableFailure, 'type'>,
  statuses: FailureStatuses = {},
): number {
  return ownStatus(statuses, type) ?? ownStatus(coreStatuses, type) ?? 500
}

/**
 * The part of a failure that may leave the host. Messages of stores, constraints and SQL stay
 * inside: a status of 503 keeps its type only, and a status of 500 not even that.
 */
export function publicFailure(
  failure: AnswerableFailure,
  statuses: FailureStatuses = {},
): PublicFailure {
  const status = httpStatusOf(failure, statuses)
  if (status === 500) return internal
  if (status > 500) return { type: failure.type, message: unavailable }
  return { type: failure.type, message: failure.message, ...fieldsOf(failure) }
}

/**
 * The time after which a client may try again, in whole seconds, for the header `Retry-After`:
 * `retryAfterMs` of a refused request, a second for an outage, `undefined` for all others.
 */
export function retryAfterOf(
  failure: AnswerableFailure & { readonly retryAfterMs?: number },
  statuses: FailureStatuses = {},
): number | undefined {
  const isOver = failure.retryable && httpStatusOf(failure, statuses) === 503
  const ms = failure.retryAfterMs ?? (isOver ? outageRetryMs : undefined)
  return ms === undefined ? undefined : Math.max(1, Math.ceil(ms / 1_000))
}

function fieldsOf(failure: AnswerableFailure): Pick<PublicFailure, 'field' | 'issues'> {
  if (failure.type !== 'invalid-input') return {}
  const { field, issues } = failure as InvalidInput
  return { field, issues: issues.map((issue) => ({ field: issue.field, message: issue.message })) }
}

// A type may be any text, `constructor` too.
function ownStatus(statuses: FailureStatuses, type: string): number | undefined {
  return Object.hasOwn(statuses, type) ? statuses[type] : undefined
}
