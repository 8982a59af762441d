import type { InvalidInput, Result } from '@headwater/core'

/** What a failed request is answered with; anything more stays inside. */
export interface RequestFailure {
  readonly type: string
  readonly message: string
  readonly retryable: boolean
}

/** Nobody is signed in, or the session has ended. */
export const notSignedIn: RequestFailure = {
  type: 'not-signed-in',
  message: 'sign in first',
  retryable: false,
}

/** The same whether the address or the password is wrong. */
export const wrongCredentials: RequestFailure = {
  type: 'wrong-credentials',
  message: 'e-mail address or password is wrong',
  retryable: false,
}

/** Somebody else's, or not for this role. */
export const forbidden: RequestFailure = {
  type: 'forbidden',
  message: 'this is not yours to do',
  retryable: false,
}

/** Too many requests. */
export interface RateLimited extends RequestFailure {
  readonly type: 'rate-limited'
  readonly retryAfterMs: number
}

/** Ends a request; the error handler answers it. */
export class RequestFailed extends Error {
  readonly failure: RequestFailure

  constructor(failure: RequestFailure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The value of a result; a failure ends the request. */
export function unwrap<T, E extends RequestFailure>(result: Result<T, E>): T {
  if (result.isOk()) return result.value
  throw new RequestFailed(result.error)
}

/** The failure of input with one wrong field. */
export function invalidField(field: string, message: string): InvalidInput {
  return {
    type: 'invalid-input',
    message: `${field}: ${message}`,
    retryable: false,
    field,
    issues: [{ field, message }],
  }
}

/** No such thing. */
export function notFound(
  entity: string,
  id: string | number,
): RequestFailure & { readonly entity: string; readonly id: string } {
  return {
    type: 'not-found',
    message: `there is no ${entity} ${id}`,
    retryable: false,
    entity,
    id: String(id),
  }
}
