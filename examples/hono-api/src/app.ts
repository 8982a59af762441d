import {
  anonymous,
  badRequest,
  bodyTooLarge,
  clientAddress,
  maxBodyBytes,
  operations,
  refuse,
  safetyHeaders,
} from '@headwater-examples/elearning'
import type { Answer, Api, Caller, Operation } from '@headwater-examples/elearning'
import { FailureError, invalidField } from '@headwater/core'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status'

/** What the middleware of the API keeps for its handlers. */
interface ApiEnv {
  readonly Variables: { caller: Caller; body: unknown; address: string }
}

/** Creates the e-learning API as a Hono application. */
export function createApp(api: Api, trustedProxies: number): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(safetyHeaders)) c.header(name, value)
    const { address = '' } = getConnInfo(c).remote
    c.set('address', clientAddress(address, c.req.header('X-Forwarded-For'), trustedProxies))
    c.set('caller', anonymous)
    await next()
  })
  app.use(bodyLimit({ maxSize: maxBodyBytes, onError: () => refuse(bodyTooLarge) }), jsonBody)
  for (const operation of operations)
    app.on(operation.method, operation.path, identify(api, operation), limit(api, operation), (c) =>
      handle(api, operation, c),
    )
  app.notFound((c) => send(c, api.noSuchOperation(c.req.method, c.req.path)))
  app.onError((error, c) => send(c, api.refusalOf(ofHono(error))))
  return app
}

/** Parses a body of JSON. */
const jsonBody = createMiddleware<ApiEnv>(async (c, next) => {
  const isJson = c.req.header('Content-Type')?.startsWith('application/json') === true
  const text = isJson ? await c.req.text() : ''
  try {
    c.set('body', text === '' ? undefined : JSON.parse(text))
  } catch {
    refuse(invalidField('body', 'must be JSON'))
  }
  await next()
})

function identify(api: Api, operation: Operation) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.set('caller', await api.identify(operation, c.req.header('Cookie')))
    await next()
  })
}

function limit(api: Api, operation: Operation) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const { headers, failure } = await api.limit(operation, c.var)
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    if (failure !== undefined) refuse(failure)
    await next()
  })
}

async function handle(api: Api, operation: Operation, c: Context<ApiEnv>): Promise<Response> {
  const { body, caller, address } = c.var
  const header = (name: string) => c.req.header(name)
  const { signal } = c.req.raw
  const [params, query] = [c.req.param(), once(c.req.queries())]
  return send(c, await api.run(operation, { params, query, body, header, address, caller, signal }))
}

function send(c: Context, { status, headers, cookie, body }: Answer): Response {
  for (const [name, value] of Object.entries(headers ?? {})) c.header(name, value)
  if (cookie !== undefined) c.header('Set-Cookie', cookie, { append: true })
  return body === undefined
    ? c.body(null, status as StatusCode)
    : c.json(body, status as ContentfulStatusCode)
}

/** A query in which only names that occur twice have lists. */
function once(queries: Record<string, string[]>): Record<string, string | string[]> {
  const entries = Object.entries(queries)
  return Object.fromEntries(
    entries.map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  )
}

/** What Hono refuses, as a failure of the API. */
function ofHono(error: unknown): unknown {
  const isOfTheClient = error instanceof HTTPException && error.status < 500
  return isOfTheClient ? new FailureError(badRequest) : error
}
