import { badRequest, bodyTooLarge } from '@headwater-examples/elearning'
import type { Api } from '@headwater-examples/elearning'
import { FailureError, invalidField } from '@headwater/core'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { send } from './route.ts'

/** Answers failed requests. */
export function errorHandler(api: Api): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error)
    send(response, api.refusalOf(ofExpress(error)))
  }
}

/** Answers a request that no route takes. */
export function noSuchRoute(api: Api): RequestHandler {
  return ({ method, path }, response) => {
    send(response, api.noSuchOperation(method, path))
  }
}

/** What Express and its body parser refuse, as a failure of the API. */
function ofExpress(error: unknown): unknown {
  const { type, status } = (error ?? {}) as { readonly type?: unknown; readonly status?: unknown }
  if (type === 'entity.parse.failed') return new FailureError(invalidField('body', 'must be JSON'))
  if (type === 'entity.too.large') return new FailureError(bodyTooLarge)
  const isOfTheClient = typeof status === 'number' && status >= 400 && status < 500
  return isOfTheClient ? new FailureError(badRequest) : error
}
