import { orThrow } from '@headwater/core'
import { embedderContract, embedderTexts } from '@headwater/testing/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { azureEmbedder, lmStudioEmbedder, vllmEmbedder } from '../src/index.ts'
import {
  dimensions,
  remember,
  startServer,
  vectorOf,
  type Answer,
  type Received,
  type Server,
} from './server-fixture.ts'

const model = 'text-embedding-nomic-embed-text-v1.5'

/** Vectors in OpenAI's shape, as lists of numbers. */
function vectorsFor({ body }: Received): Answer {
  const texts = body['input'] as readonly string[]
  const data = texts.map((text, index) => ({ index, embedding: vectorOf(text) }))
  return { body: { object: 'list', data, model } }
}

/** As LM Studio: it answers whatever model is asked for, with the one that it has. */
function lmStudio(request: Received): Answer {
  return request.path === '/v1/models' ? { body: { data: [{ id: model }] } } : vectorsFor(request)
}

/** As vLLM with a model whose vectors cannot be shortened. */
function vllm(request: Received): Answer {
  return 'dimensions' in request.body
    ? { status: 400, body: { message: 'Model does not support matryoshka representation' } }
    : vectorsFor(request)
}

embedderContract('LM Studio', async () => {
  await remember(embedderTexts)
  const { url, stop } = await startServer(lmStudio)
  const baseURL = `${url}/v1`
  return { embedder: lmStudioEmbedder({ baseURL, model, dimensions }), dispose: stop }
})

embedderContract('vLLM', async () => {
  await remember(embedderTexts)
  const { url, stop } = await startServer(vllm)
  const baseURL = `${url}/v1`
  return { embedder: vllmEmbedder({ baseURL, model, dimensions }), dispose: stop }
})

describe('servers that speak OpenAI’s API', () => {
  let server: Server | undefined
  afterEach(() => server?.stop())

  it('LM Studio is not asked for vectors of a model that it does not have', async () => {
    server = await startServer(lmStudio)
    const baseURL = `${server.url}/v1`
    const refused = await lmStudioEmbedder({ baseURL, model: 'other', dimensions }).embed(['a'])
    expect(refused.isErr() && refused.error).toMatchObject({ type: 'store-refused', code: '404' })
    expect(server.received.map(({ path }) => path)).toEqual(['/v1/models'])
  })

  it('LM Studio is asked for its models once', async () => {
    await remember(['a'])
    server = await startServer(lmStudio)
    const embedder = lmStudioEmbedder({ baseURL: `${server.url}/v1`, model, dimensions })
    orThrow(await embedder.embed(['a']))
    orThrow(await embedder.embed(['a']))
    expect(server.received.map(({ path }) => path)).toEqual([
      '/v1/models',
      '/v1/embeddings',
      '/v1/embeddings',
    ])
  })

  it('A deployment at Azure is its model, and its dimensions are those that are asked for', () => {
    const { profile } = azureEmbedder({
      resource: 'campus',
      deployment: 'text-embedding-3-large',
      dimensions: 1024,
      apiKey: async () => 'a token',
    })
    expect(profile).toEqual({ model: 'text-embedding-3-large', dimensions: 1024 })
  })
})
