import { FailureError, orThrow } from '@headwater/core'
import type { AnswerableFailure, AsyncResult, Failure, FailureStatuses } from '@headwater/core'
import { repositoriesStatuses } from '@headwater/repositories'

/** The status of each failure of the API that core does not know. */
export const statuses = {
  ...repositoriesStatuses,
  'bad-request': 400,
  'not-signed-in': 401,
  'wrong-credentials': 401,
  forbidden: 403,
  'body-too-large': 413,
  'rate-limited': 429,
} as const satisfies FailureStatuses

/** There is no session, or it has ended. */
export const notSignedIn = failure('not-signed-in', 'sign in first')

/** The same for a wrong address and a wrong password. */
export const wrongCredentials = failure('wrong-credentials', 'e-mail address or password is wrong')

/** The resource belongs to another user, or the role does not permit it. */
export const forbidden = failure('forbidden', 'you may not do this')

/** The body has more bytes than {@link maxBodyBytes}. */
export const bodyTooLarge = failure('body-too-large', 'the body is too large')

/** The request is no HTTP that the framework understands. */
export const badRequest = failure('bad-request', 'the request cannot be read')

/** The most bytes that a body may have. */
export const maxBodyBytes = 65_536

/** Too many requests. */
export interface RateLimited extends Failure<'rate-limited'> {
  /** Time until a request can pass, in milliseconds. */
  readonly retryAfterMs: number
}

/** Ends a request; `refusalOf` answers it. */
export function refuse(reason: AnswerableFailure): never {
  throw new FailureError(reason)
}

/** The value of a result; a failure ends the request. */
export async function unwrap<T, E extends AnswerableFailure>(
  result: AsyncResult<T, E>,
): Promise<T> {
  return orThrow(await result)
}

function failure<Type extends string>(type: Type, message: string): Failure<Type> {
  return { type, message, retryable: false }
}
