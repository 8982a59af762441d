import { orThrow } from '@headwater/core'
import { embedderContract, embedderTexts } from '@headwater/testing/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { ollamaEmbedder } from '../src/index.ts'
import {
  dimensions,
  remember,
  startServer,
  vectorOf,
  type Answer,
  type Received,
  type Server,
} from './server-fixture.ts'

const model = 'nomic-embed-text:v1.5'
const prefixes = { query: 'search_query: ', document: 'search_document: ' }

/** As Ollama answers by its API's reference. */
function ollama({ path, body }: Received): Answer {
  if (path !== '/api/embed') return { status: 404, body: '404 page not found' }
  if (body['model'] !== model)
    return { status: 404, body: { error: `model "x" not found, try pulling it first` } }
  const texts = body['input'] as readonly string[]
  if (body['truncate'] === false && texts.some((text) => text.length > 10_000))
    return { status: 400, body: { error: 'the input length exceeds the context length' } }
  return { body: { model, embeddings: texts.map(vectorOf) } }
}

embedderContract('Ollama', async () => {
  await remember(embedderTexts)
  const { url, stop } = await startServer(ollama)
  return { embedder: ollamaEmbedder({ url, model, dimensions }), dispose: stop }
})

describe('the embedder of Ollama', () => {
  let server: Server | undefined
  afterEach(() => server?.stop())

  it('Texts that the model would cut are refused, each by itself', async () => {
    server = await startServer(ollama)
    const embedder = ollamaEmbedder({ url: server.url, model, dimensions })
    const refused = await embedder.embed(['word '.repeat(5_000)])
    expect(refused.isErr() && refused.error).toMatchObject({
      type: 'store-refused',
      code: 'text-too-long',
      message: expect.not.stringContaining('word word') as string,
    })
  })

  it('A model that was not pulled is named as the reason, and is not asked for again', async () => {
    server = await startServer(ollama)
    const refused = await ollamaEmbedder({ url: server.url, model: 'other', dimensions }).embed([
      'a',
    ])
    expect(refused.isErr() && refused.error).toMatchObject({ type: 'store-refused', code: '404' })
    expect(server.received).toHaveLength(1)
  })

  it('Queries and documents get their prefixes, which are a part of the profile', async () => {
    server = await startServer(() => ({ body: { embeddings: [[3, 4]] } }))
    const embedder = ollamaEmbedder({ url: server.url, model, dimensions: 2, prefixes })
    orThrow(await embedder.embed(['tea'], { purpose: 'query' }))
    orThrow(await embedder.embed(['tea'], { purpose: 'document' }))
    expect(server.received.map(({ body }) => body['input'])).toEqual([
      ['search_query: tea'],
      ['search_document: tea'],
    ])
    expect(embedder.profile).not.toEqual(
      ollamaEmbedder({ url: server.url, model, dimensions: 2 }).profile,
    )
  })

  it.each([
    ['of another length', [[1, 2, 3]], { type: 'dimension-mismatch', expected: 2, received: 3 }],
    ['of zeros', [[0, 0]], { type: 'store-refused', code: 'not-a-number' }],
    ['too few', [], { type: 'store-refused', code: 'no-vectors' }],
  ])('Vectors that are %s are refused', async (_, embeddings, failure) => {
    server = await startServer(() => ({ body: { embeddings } }))
    const answered = await ollamaEmbedder({ url: server.url, model, dimensions: 2 }).embed(['a'])
    expect(answered.isErr() && answered.error).toMatchObject(failure)
  })

  it('A server that has ended is unavailable, and no rejection escapes', async () => {
    server = await startServer(ollama)
    await server.stop()
    const refused = await ollamaEmbedder({ url: server.url, model, dimensions }).embed(['a'])
    expect(refused.isErr() && refused.error).toMatchObject({ type: 'store-unavailable' })
  })
})
