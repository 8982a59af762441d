import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ConsoleHandler } from './console.ts'
import { text } from './http/answer.ts'

/** A request of Node, as Express, Fastify and NestJS hand it on too. */
export interface NodeRequest extends IncomingMessage {
  /** The URL before a router took its own part away: Express and NestJS give it. */
  readonly originalUrl?: string
  /** The body, where something has read it already. */
  readonly body?: unknown
}

/**
 * The console for hosts on `node:http`: Express and NestJS (`app.use('/console', listener)`),
 * Fastify (with `reply.hijack()`), or a plain server. Hono and Next.js take the handler itself.
 * Never rejects: what cannot be answered otherwise is answered with 400, 405 or 500.
 *
 * @example
 * ```ts
 * app.use('/console', nodeListener(createConsole(stores, { basePath: '/console', … })))
 * ```
 */
export function nodeListener(
  handle: ConsoleHandler,
): (request: NodeRequest, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      const asked = webRequest(request)
      await send(asked instanceof Request ? await handle(asked) : asked, response)
    } catch {
      if (response.headersSent) response.destroy()
      else await send(text(500, 'the console failed'), response).catch(() => response.destroy())
    }
  }
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer())
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(body)
}

/**
 * A request of the web, or why there is none: some methods and paths that Node takes cannot be put
 * in one. The host stays as it was sent: whatever the path is, it names no other.
 */
function webRequest(request: NodeRequest): Request | Response {
  const { method = 'GET' } = request
  const hasBody = method === 'POST'
  if (!hasBody && method !== 'GET' && method !== 'HEAD')
    return text(405, 'the console takes GET and POST')
  const path = (request.originalUrl ?? request.url ?? '/').replace(/^\/+/, '/')
  if (!URL.canParse(path, ownHost)) return text(400, 'the console has no such path')
  const url = new URL(path, ownHost)
  const headers = headersOf(request)
  return hasBody
    ? new Request(url, { method, headers, body: bodyOf(request), duplex: 'half' })
    : new Request(url, { method, headers })
}

const ownHost = 'http://console'

function bodyOf(request: NodeRequest): ReadableStream | string {
  return request.body === undefined
    ? (Readable.toWeb(request) as ReadableStream)
    : JSON.stringify(request.body)
}

/** HTTP/2 has fields that begin with a colon, and names its host in one of them. */
function headersOf({ headers: given }: NodeRequest): Headers {
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(given))
    if (!name.startsWith(':')) for (const value of [values].flat()) headers.append(name, value)
  const authority = given[':authority']
  headers.set('host', given.host ?? (typeof authority === 'string' ? authority : ''))
  return headers
}
