import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hashingEmbedder } from '@headwater/search'
import { orThrow } from '@headwater/core'

/** A request that a server was sent. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

/** An answer with its status. */
export interface Answer {
  readonly status?: number
  readonly body: unknown
}

/** A running server that answers as a test wants. */
export interface Server {
  readonly url: string
  readonly received: readonly Received[]
  stop(this: void): Promise<void>
}

/** Starts a server on loopback. */
export async function startServer(answer: (request: Received) => Answer): Promise<Server> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString()
      const { method = 'GET', url: path = '/' } = request
      const asked = { method, path, body: text === '' ? {} : (JSON.parse(text) as object) }
      received.push(asked as Received)
      const { status = 200, body } = answer(asked as Received)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    stop: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export const dimensions = 64
const embedder = hashingEmbedder({ dimensions })
const vectors = new Map<string, readonly number[]>()

/** Remembers the vectors of texts, so that servers can answer without waiting. */
export async function remember(texts: readonly string[]): Promise<void> {
  const embedded = orThrow(await embedder.embed(texts))
  for (const [at, text] of texts.entries()) vectors.set(text, embedded[at] ?? [])
}

/** Three times the vector of a remembered text: models differ in their norms. */
export function vectorOf(text: string): number[] {
  return (vectors.get(text) ?? []).map((value) => 3 * value)
}
