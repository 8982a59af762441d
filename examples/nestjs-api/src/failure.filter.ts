import { Api, badRequest, bodyTooLarge } from '@headwater-examples/elearning'
import { FailureError, invalidField } from '@headwater/core'
import {
  Catch,
  HttpException,
  Inject,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common'
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common'
import type { Request, Response } from 'express'
import { send } from './send.ts'

/** Answers failed requests, and those that no route takes. */
@Catch()
export class FailureFilter implements ExceptionFilter {
  readonly #api: Api

  constructor(@Inject(Api) api: Api) {
    this.#api = api
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { method, path } = host.switchToHttp().getRequest<Request>()
    const response = host.switchToHttp().getResponse<Response>()
    if (response.headersSent) response.destroy()
    else if (error instanceof NotFoundException)
      send(response, this.#api.noSuchOperation(method, path))
    else if (error instanceof ServiceUnavailableException)
      send(response, { status: 503, body: error.getResponse() })
    else send(response, this.#api.refusalOf(ofNest(error)))
  }
}

/** What Nest and its body parser refuse, as a failure of the API. */
function ofNest(error: unknown): unknown {
  const { status } = (error ?? {}) as { readonly status?: unknown }
  const code = error instanceof HttpException ? error.getStatus() : status
  if (code === 413) return new FailureError(bodyTooLarge)
  if (code === 400) return new FailureError(invalidField('body', 'must be JSON'))
  const isOfTheClient = typeof code === 'number' && code > 400 && code < 500
  return isOfTheClient ? new FailureError(badRequest) : error
}
