import type { Answer, Api, Operation } from '@headwater-examples/elearning'
import { refuse } from '@headwater-examples/elearning'
import { goneSignal } from '@headwater/core'
import type { RequestHandler, Response } from 'express'

/** The handler of an operation. What it rejects with reaches the error handler. */
export function routeOf(api: Api, operation: Operation): RequestHandler {
  return async (request, response) => {
    const caller = await api.identify(operation, request.get('cookie'))
    const { params, query, ip: address = '' } = request
    const body: unknown = request.body
    const { headers, failure } = await api.limit(operation, { caller, address, body })
    response.set(headers)
    if (failure !== undefined) refuse(failure)
    const header = (name: string) => request.get(name)
    const signal = goneSignal(response)
    send(
      response,
      await api.run(operation, { params, query, body, header, address, caller, signal }),
    )
  }
}

/** Sends an answer. */
export function send(response: Response, { status, headers, cookie, body }: Answer): void {
  response.status(status).set({ ...headers })
  if (cookie !== undefined) response.append('Set-Cookie', cookie)
  if (body === undefined) response.end()
  else response.json(body)
}
