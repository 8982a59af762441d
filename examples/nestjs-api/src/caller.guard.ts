import { Api, refuse } from '@headwater-examples/elearning'
import type { Caller, Operation } from '@headwater-examples/elearning'
import { Inject, Injectable, SetMetadata } from '@nestjs/common'
import type { CanActivate, ExecutionContext } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { Request, Response } from 'express'

/** A request whose caller is known. */
export type CalledRequest = Request & { caller: Caller }

const OPERATION = 'headwater:operation'

/** Names the operation of a route. */
export const OperationOf = (operation: Operation) => SetMetadata(OPERATION, operation)

/** Identifies the caller of a route and counts the request with the limit of its operation. */
@Injectable()
export class CallerGuard implements CanActivate {
  readonly #api: Api
  readonly #reflector: Reflector

  constructor(@Inject(Api) api: Api, @Inject(Reflector) reflector: Reflector) {
    this.#api = api
    this.#reflector = reflector
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = this.#reflector.get<Operation | undefined>(OPERATION, context.getHandler())
    if (operation === undefined) return true
    const request = context.switchToHttp().getRequest<CalledRequest>()
    const response = context.switchToHttp().getResponse<Response>()
    const caller = await this.#api.identify(operation, request.get('cookie'))
    request.caller = caller
    const { ip: address = '', body } = request as { ip?: string; body: unknown }
    const { headers, failure } = await this.#api.limit(operation, { caller, address, body })
    response.set(headers)
    if (failure !== undefined) refuse(failure)
    return true
  }
}
