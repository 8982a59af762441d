import { invalidField } from '@headwater/core'
import type { InvalidInput } from '@headwater/core'
import type { ErrorRequestHandler, Request, Response } from 'express'
import { type RateLimited, RequestFailed, type RequestFailure } from './failure.ts'

/** The status of each failure. A failure that is not listed is our own mistake: 500. */
const statuses: Readonly<Record<string, number>> = {
  'invalid-input': 400,
  'bad-request': 400,
  'not-signed-in': 401,
  'wrong-credentials': 401,
  forbidden: 403,
  'not-found': 404,
  'email-taken': 409,
  'username-taken': 409,
  'already-enrolled': 409,
  'course-full': 409,
  'version-conflict': 409,
  'teaches-courses': 409,
  'body-too-large': 413,
  'course-not-published': 422,
  'not-enrolled': 422,
  'rate-limited': 429,
  'sessions-revoked': 503,
  'store-unavailable': 503,
  'deadline-exceeded': 503,
  'serialization-failed': 503,
  'commit-unknown': 503,
}

/** Public messages of store failures: the SDK's own message is for the log. */
const publicMessages: Readonly<Record<number, string>> = {
  500: 'something went wrong here',
  503: 'not available at the moment',
}

const retryAfterSeconds = 1

/** Answers failed requests. Any error but `RequestFailed` is reported and becomes a bare 500. */
export function errorHandler(report: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error)
    const failure = failureOf(error)
    if (failure === undefined) report(error)
    answer(response, failure ?? { type: 'internal', message: '', retryable: false })
  }
}

/** Answers a request that no route takes. */
export function noSuchRoute(request: Request, response: Response): void {
  answer(response, {
    type: 'not-found',
    message: `there is no ${request.method} ${request.path}`,
    retryable: false,
  })
}

function answer(response: Response, failure: RequestFailure): void {
  const status = statuses[failure.type] ?? 500
  const type = status === 500 ? 'internal' : failure.type
  const retryAfter = retryAfterOf(failure, status)
  if (retryAfter !== undefined) response.set('Retry-After', String(retryAfter))
  response.status(status).json({
    error: { type, message: publicMessages[status] ?? failure.message, ...detailsOf(failure) },
  })
}

function retryAfterOf(failure: RequestFailure, status: number): number | undefined {
  if (failure.type === 'rate-limited')
    return Math.max(1, Math.ceil((failure as RateLimited).retryAfterMs / 1_000))
  return status === 503 && failure.retryable ? retryAfterSeconds : undefined
}

function detailsOf(failure: RequestFailure): object {
  if (failure.type !== 'invalid-input') return {}
  const { field, issues } = failure as InvalidInput
  return { field, issues: issues.map((issue) => ({ field: issue.field, message: issue.message })) }
}

/** The failure of an error; `undefined` for a mistake of our own. */
function failureOf(error: unknown): RequestFailure | undefined {
  if (error instanceof RequestFailed) return error.failure
  const { type, status } = (error ?? {}) as { readonly type?: unknown; readonly status?: unknown }
  if (type === 'entity.parse.failed') return invalidField('body', 'must be JSON')
  if (type === 'entity.too.large')
    return { type: 'body-too-large', message: 'the body is too large', retryable: false }
  const isOfTheClient = typeof status === 'number' && status >= 400 && status < 500
  return isOfTheClient
    ? { type: 'bad-request', message: 'the request cannot be read', retryable: false }
    : undefined
}
