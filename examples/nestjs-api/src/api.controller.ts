import { Api, operations } from '@headwater-examples/elearning'
import type { Operation } from '@headwater-examples/elearning'
import { Controller, Inject, Req, RequestMapping, RequestMethod, Res } from '@nestjs/common'
import type { Response } from 'express'
import { type CalledRequest, OperationOf } from './caller.guard.ts'
import { send } from './send.ts'

/** The routes of the API: one handler for each operation. */
@Controller()
export class ApiController {
  readonly #api: Api

  constructor(@Inject(Api) api: Api) {
    this.#api = api
  }

  /** Runs an operation; what it rejects with reaches the exception filter. */
  async run(operation: Operation, request: CalledRequest, response: Response): Promise<void> {
    const { params, query, caller, ip: address = '' } = request
    const body: unknown = request.body
    const header = (name: string) => request.get(name)
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    const { signal } = gone
    send(
      response,
      await this.#api.run(operation, { params, query, body, header, address, caller, signal }),
    )
  }
}

// What `@Get('/courses/:id')` does to a method that is written out, for every entry of the table.
for (const operation of operations) {
  const name = `${operation.method} ${operation.path}`
  const handler = function (this: ApiController, request: CalledRequest, response: Response) {
    return this.run(operation, request, response)
  }
  const descriptor = { value: handler, configurable: true, writable: true }
  Object.defineProperty(ApiController.prototype, name, descriptor)
  Req()(ApiController.prototype, name, 0)
  Res()(ApiController.prototype, name, 1)
  OperationOf(operation)(ApiController.prototype, name, descriptor)
  RequestMapping({ path: operation.path, method: RequestMethod[operation.method] })(
    ApiController.prototype,
    name,
    descriptor,
  )
}
