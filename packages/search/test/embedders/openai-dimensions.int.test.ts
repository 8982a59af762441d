import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { orThrow } from '@headwater/core'
import { openaiEmbedder, type OpenaiEmbedderOptions } from '@headwater/search'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

interface Asked {
  readonly input: readonly string[]
  readonly dimensions?: number
}

/** A service that speaks OpenAI's embeddings, for any model. */
let server: Server
let asked: (number | undefined)[]
/** The answer of a service that cannot shorten its vectors of 8 numbers. */
let refusal: object | undefined

beforeAll(async () => {
  server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
})
beforeEach(() => {
  asked = []
  refusal = undefined
})
afterAll(() => server.close())

async function answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
  const { input, dimensions } = (await json(request)) as Asked
  asked.push(dimensions)
  if (refusal !== undefined && dimensions !== undefined)
    return { status: 400, body: { error: refusal } }
  const embedding = Array.from({ length: dimensions ?? 8 }, (_, at) => Math.sin(at + 1))
  const data = input.map((_, index) => ({ object: 'embedding', index, embedding }))
  return { status: 200, body: { object: 'list', model: 'any', data } }
}

const open = (options: Partial<OpenaiEmbedderOptions>) =>
  openaiEmbedder({
    apiKey: 'key',
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    encodingFormat: 'float',
    ...options,
  })

const models = ['text-embedding-3-small', 'openai/text-embedding-3-small', 'embeddings-prod']

it.each(models)('The model %s is asked for the dimensions that are given', async (model) => {
  const [vector] = orThrow(await open({ model, dimensions: 4 }).embed(['algebra']))
  expect([asked, vector?.length]).toEqual([[4], 4])
})

it('A model of another name is not asked for dimensions that nobody gave', async () => {
  const refused = await open({ model: 'embeddings-prod' }).embed(['algebra'])
  expect(asked).toEqual([undefined])
  expect(refused.isErr() && refused.error.type).toBe('dimension-mismatch')
})

const refusals = [
  { message: 'This model does not support specifying dimensions.', param: 'dimensions' },
  { message: 'Model "e5" does not support matryoshka representation.' },
]

it.each(refusals)('A service that refuses with $message is not asked again', async (error) => {
  refusal = error
  const embedder = open({ model: 'e5', dimensions: 8 })
  for (const text of ['algebra', 'geometry'])
    expect(orThrow(await embedder.embed([text]))[0]).toHaveLength(8)
  expect(asked).toEqual([8, undefined, undefined])
})

it('Any other refusal is not asked around', async () => {
  refusal = { message: 'no such model', param: 'model' }
  const refused = await open({ model: 'e5', dimensions: 8 }).embed(['algebra'])
  expect(refused.isErr() && refused.error.type).toBe('store-refused')
  expect(asked).toEqual([8])
})
