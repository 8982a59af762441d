import type { IncomingMessage } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import { Readable } from 'node:stream'
import { NotConnected } from '../../resilience/not-connected.ts'
import { secureOptions, type Tls } from './tls-options.ts'

/** Statuses whose answers have no body. */
const emptyStatuses = [204, 205, 304]

/**
 * An idle connection is closed after this time, as that of Node.js does it: the server closes it
 * some day, and the request that was sent at that moment would fail.
 */
const idleMs = 4_000

/**
 * A `fetch` with certificates and a server name of its own, which that of Node.js does not take.
 * Sends the body at once, follows no redirect, and refuses a URL without TLS. Where files are
 * still named it reads them, and throws what reading throws.
 */
export function tlsFetch(tls: Tls): typeof fetch {
  const agent = new Agent({ keepAlive: true, timeout: idleMs, ...secureOptions(tls) })
  return async (input, init) => {
    const asked = new Request(input, init)
    const url = new URL(asked.url)
    if (url.protocol !== 'https:')
      throw new NotConnected(`\`tls\` is set, and ${url.origin} is an address without TLS`)
    const body = Buffer.from(await asked.arrayBuffer())
    // That of a request no longer follows the caller's once the request is garbage.
    const signal = init?.signal ?? asked.signal
    const { method } = asked
    const headers = Object.fromEntries(asked.headers)
    return responseOf(await answered(url, { agent, method, headers, signal }, body))
  }
}

function answered(url: URL, options: RequestOptions, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body)
  })
}

function responseOf(message: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = message
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  if (emptyStatuses.includes(status)) {
    message.resume()
    return new Response(null, { status, statusText, headers })
  }
  return new Response(Readable.toWeb(message) as ReadableStream, { status, statusText, headers })
}
