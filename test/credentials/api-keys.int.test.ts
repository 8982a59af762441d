import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, orThrow, type Result } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import { isolate, type IsolatedStores } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

let own: IsolatedStores<'postgres' | 'redis'>
let server: Server
let host: string
/** The keys of the requests so far. */
let keys: (string | undefined)[]

beforeAll(async () => {
  own = await isolate(inject('stack'))
  server = createServer(({ headers }, response) => {
    keys.push(headers['api-key']?.toString() ?? headers.authorization)
    const isKnown = keys.at(-1)?.endsWith('wrong') !== true
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ dimension: 2, data: [{ embedding: [1, 0], index: 0 }] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  keys = []
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await own.dispose()
})

type ApiKey = () => string | Promise<string>

/** Asks each service twice, with `between` in between. Returns the failures. */
const services: readonly [
  name: string,
  ask: (apiKey: ApiKey, between: () => void) => Promise<readonly (string | undefined)[]>,
][] = [
  [
    'Pinecone',
    async (apiKey, between) => {
      await using stores = orThrow(
        await connect({
          postgres: { url: own.postgres.url },
          redis: { url: own.redis.url, keyPrefix: own.redis.prefix },
          pinecone: { apiKey, index: 'courses', host },
        }),
      )
      const first = await stores.pinecone?.describe()
      between()
      return [first, await stores.pinecone?.describe()].map(messageOf)
    },
  ],
  [
    'OpenAI',
    async (apiKey, between) => {
      const embedder = openaiEmbedder({
        apiKey,
        baseURL: `${host}/v1`,
        dimensions: 2,
        encodingFormat: 'float',
      })
      const first = await embedder.embed(['one'])
      between()
      return [first, await embedder.embed(['two'])].map(messageOf)
    },
  ],
]

describe.each(services)('The API key of %s', (_, ask) => {
  test('A key that changes is sent with the requests that come after that', async () => {
    let current = 'first'
    const failures = await ask(
      async () => current,
      () => {
        current = 'second'
      },
    )
    expect(failures).toEqual([undefined, undefined])
    expect(keys.map((key) => key?.replace('Bearer ', ''))).toEqual(['first', 'second'])
  })

  test('A key that the service no longer takes is named, and the next one is used', async () => {
    let current = 'wrong'
    const failures = await ask(
      () => current,
      () => {
        current = 'second'
      },
    )
    expect(failures).toEqual([expect.stringContaining('API key was not accepted'), undefined])
  })

  test('A function that fails is named, without its own words', async () => {
    const [failure] = await ask(
      () => Promise.reject(new Error('vault says s3cr3t')),
      () => undefined,
    )
    expect(failure).toMatch(/the function of `(pinecone\.)?apiKey` failed/)
    expect(failure).not.toContain('s3cr3t')
    expect(keys).toEqual([])
  })
})

function messageOf(answer: Result<unknown, { readonly message: string }> | undefined) {
  return answer?.isErr() === true ? answer.error.message : undefined
}
