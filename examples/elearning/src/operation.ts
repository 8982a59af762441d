import { z } from 'zod'
import type { Caller } from './caller.ts'
import { parse } from './input.ts'
import type { OperationDeps } from './operation-deps.ts'

/**
 * Who may use an operation: anyone, who is signed in, who teaches, who administers, or whoever
 * watches over the service and has its token.
 */
export type Access = 'anyone' | 'member' | 'instructor' | 'admin' | 'monitor'

/** Actions that are limited. */
export type LimitedAction = 'register' | 'login' | 'read' | 'write' | 'search'

/** A request, as each framework hands it over. */
export interface ApiRequest {
  /** The named parts of the path, decoded. */
  readonly params: unknown
  /** The query; a name that occurs twice has a list of values. */
  readonly query: unknown
  /** The parsed body; `undefined` when there is none. */
  readonly body: unknown
  /** A header; `undefined` when it is absent. */
  readonly header: (name: string) => string | undefined
  /** The client's address, behind the proxies that the host trusts. */
  readonly address: string
  /** Who sent it. */
  readonly caller: Caller
  /** Aborted when the client has gone or the time for the request is over. */
  readonly signal: AbortSignal
}

/** The answer to a request. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** The value of the header `Set-Cookie`. */
  readonly cookie?: string
  /** The value to send as JSON; `undefined` for none. */
  readonly body?: unknown
}

/** One operation of the API. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The path; `:name` stands for one segment. */
  readonly path: string
  readonly access: Access
  /** The limit that counts it; absent for what never asks who calls. */
  readonly limit?: LimitedAction
  /** The account whose password it tries; by default the caller's own. */
  readonly account?: (body: unknown) => string | undefined
  /** Carries it out. Rejects with a `FailureError` that ends the request. */
  run(request: ApiRequest, deps: OperationDeps): Promise<Answer>
}

interface Schemas<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
}

interface Parsed<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends ApiRequest {
  readonly params: z.output<Params>
  readonly query: z.output<Query>
  readonly body: z.output<Body>
}

/** Defines an operation, whose input is checked against its schemas before it runs. */
export function operation<
  Params extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
  Body extends z.ZodType = z.ZodUnknown,
>({
  run,
  ...definition
}: Omit<Operation, 'run'> &
  Schemas<Params, Query, Body> & {
    readonly run: (request: Parsed<Params, Query, Body>, deps: OperationDeps) => Promise<Answer>
  }): Operation {
  const { params = z.unknown(), query = z.unknown(), body = z.unknown(), ...rest } = definition
  return {
    ...rest,
    run: async (request, deps) => {
      const parsed = {
        params: parse(params, request.params) as z.output<Params>,
        query: parse(query, request.query) as z.output<Query>,
        body: parse(body, request.body) as z.output<Body>,
      }
      return run({ ...request, ...parsed }, deps)
    },
  }
}
