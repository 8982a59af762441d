import type { Result } from '@headwater/core'

/** The public part of a failure; the rest stays inside. */
export interface RequestFailure {
  readonly type: string
  readonly message: string
  readonly retryable: boolean
}

/** There is no session, or it has ended. */
export const notSignedIn: RequestFailure = {
  type: 'not-signed-in',
  message: 'sign in first',
  retryable: false,
}

/** The same for a wrong address and a wrong password. */
export const wrongCredentials: RequestFailure = {
  type: 'wrong-credentials',
  message: 'e-mail address or password is wrong',
  retryable: false,
}

/** The resource belongs to another user, or the role does not permit it. */
export const forbidden: RequestFailure = {
  type: 'forbidden',
  message: 'you may not do this',
  retryable: false,
}

/** Too many requests. */
export interface RateLimited extends RequestFailure {
  readonly type: 'rate-limited'
  readonly retryAfterMs: number
}

/** Thrown to end a request; the error handler answers it. */
export class RequestFailed extends Error {
  readonly failure: RequestFailure

  constructor(failure: RequestFailure) {
    super(failure.message)
    this.failure = failure
  }
}

/** Returns the value of a result; a failure ends the request. */
export function unwrap<T, E extends RequestFailure>(result: Result<T, E>): T {
  if (result.isOk()) return result.value
  throw new RequestFailed(result.error)
}

/** The failure of a request for an entity that does not exist. */
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
