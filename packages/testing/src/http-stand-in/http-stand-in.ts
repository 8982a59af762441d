import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Faults, type FailedAnswer } from './faults.ts'

/** One request with its whole body. */
export interface HttpRequest {
  readonly method: string
  /** Path without the query, still encoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One answer. A string is sent as text, any other body as JSON. */
export interface HttpReply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** The service that a stand-in imitates. */
export interface HttpService {
  /** Port to listen on; 0 takes a free one. */
  readonly port: number
  /** Answers a request. */
  readonly answer: (request: HttpRequest) => HttpReply | Promise<HttpReply>
  /** The body of an error answer with this status, in the service's own shape. */
  readonly errorBody: (status: number, message: string) => unknown
}

/** A running server on loopback that imitates a service. */
export class HttpStandIn {
  /** The faults to play; none at first. */
  readonly faults = new Faults()
  readonly #server: Server
  readonly #service: HttpService
  readonly #requests = new Map<string, number>()

  private constructor(service: HttpService) {
    this.#service = service
    this.#server = createServer((request, response) => void this.#serve(request, response))
    // A client must never find its idle connection closed just as it sends: that would be a fault
    // nobody asked for.
    this.#server.keepAliveTimeout = 0
  }

  /** Starts a server for the service. */
  static async start(service: HttpService): Promise<HttpStandIn> {
    const standIn = new HttpStandIn(service)
    standIn.#server.listen(service.port, '127.0.0.1')
    await once(standIn.#server, 'listening')
    return standIn
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /**
   * Requests so far, faulty ones included, whose method and path (`POST /query`) contain `route`.
   */
  requestCount(route = ''): number {
    return Array.from(this.#requests).reduce(
      (sum, [key, count]) => (key.includes(route) ? sum + count : sum),
      0,
    )
  }

  /** Closes every connection and frees the port. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    this.faults.restore()
    await closed
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await read(incoming)
      const key = `${request.method} ${request.path}`
      this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1)
      const reply = await this.#replyTo(request, response)
      if (reply === undefined) incoming.socket.destroy()
      else send(response, reply)
    } catch (cause) {
      if (!incoming.socket.destroyed)
        send(response, { status: 500, body: this.#service.errorBody(500, String(cause)) })
    }
  }

  /** Returns undefined when the connection must be closed without an answer. */
  async #replyTo(request: HttpRequest, response: ServerResponse): Promise<HttpReply | undefined> {
    const fault = this.faults.take(request.path)
    if (fault?.kind === 'cut') return undefined
    if (fault?.kind === 'fail') return this.#failure(fault)
    if (fault?.kind === 'delay') await sleep(fault.delayMs)
    if (fault?.kind === 'hang') await this.faults.waitOut(fault, once(response, 'close'))
    // A caller that gave up while the request hung has withdrawn it.
    if (response.destroyed) return undefined
    const reply = await this.#service.answer(request)
    return fault?.kind === 'lose-reply' ? undefined : reply
  }

  #failure({ status, retryAfterSeconds, message }: FailedAnswer): HttpReply {
    const headers: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
    return {
      status,
      headers,
      body: this.#service.errorBody(status, message ?? `the stand-in was told to answer ${status}`),
    }
  }
}

async function read(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://127.0.0.1')
  const body = Buffer.concat(chunks).toString('utf8')
  return {
    method: incoming.method ?? 'GET',
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body,
  }
}

function send(response: ServerResponse, { status, body, headers }: HttpReply): void {
  const isText = typeof body === 'string'
  const payload = Buffer.from(isText ? body : JSON.stringify(body ?? {}))
  const contentType = isText ? 'text/plain' : 'application/json'
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': payload.length,
    ...headers,
  })
  response.end(payload)
}
