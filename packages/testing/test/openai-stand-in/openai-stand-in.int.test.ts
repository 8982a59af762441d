import OpenAI from 'openai'
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  RateLimitError,
} from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../src/eventually.ts'
import { startOpenaiStandIn } from '../../src/openai-stand-in/openai-stand-in.ts'
import type { OpenaiStandIn } from '../../src/openai-stand-in/openai-stand-in.ts'

const model = 'text-embedding-3-small'
let standIn: OpenaiStandIn
let client: OpenAI

beforeAll(async () => {
  standIn = await startOpenaiStandIn()
  client = new OpenAI({
    apiKey: standIn.apiKey,
    baseURL: standIn.url,
    maxRetries: 0,
    timeout: 60_000,
  })
})
afterEach(() => {
  standIn.faults.restore()
  standIn.answerDimensions(undefined)
})
afterAll(() => standIn.stop())

function post(body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${standIn.apiKey}`, 'content-type': 'application/json' }
  return fetch(`${standIn.url}/embeddings`, { method: 'POST', headers, body: JSON.stringify(body) })
}

describe('the OpenAI stand-in', () => {
  it('The OpenAI stand-in returns one vector per input, in order, to the official client', async () => {
    const {
      data,
      usage,
      model: answered,
    } = await client.embeddings.create({ model, input: ['Linear algebra', 'Pottery'] })
    expect(data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 1536],
      [1, 1536],
    ])
    expect(answered).toBe(model)
    expect(usage).toEqual({ prompt_tokens: 6, total_tokens: 6 })
    const {
      data: [alone],
    } = await client.embeddings.create({ model, input: 'Pottery' })
    expect(alone?.embedding).toEqual(data[1]?.embedding)
  })

  it('The OpenAI stand-in sends little-endian single precision for base64 and full precision for float', async () => {
    const base64 = (await (
      await post({ model, input: 'Pottery', encoding_format: 'base64' })
    ).json()) as { data: { embedding: string }[] }
    const bytes = Buffer.from(base64.data[0]?.embedding ?? '', 'base64')
    const {
      data: [float],
    } = await client.embeddings.create({ model, input: 'Pottery', encoding_format: 'float' })
    expect(bytes.length).toBe(4 * 1536)
    const decoded = Array.from({ length: 1536 }, (_, index) => bytes.readFloatLE(4 * index))
    expect(decoded).toEqual(float?.embedding.map(Math.fround))
    expect(float?.embedding).not.toEqual(float?.embedding.map(Math.fround))
  })

  it('The OpenAI stand-in makes vectors as short as the request asks', async () => {
    const {
      data: [vector],
    } = await client.embeddings.create({ model, input: 'Pottery', dimensions: 256 })
    expect(vector?.embedding.length).toBe(256)
  })

  it('The OpenAI stand-in accepts tokens instead of texts', async () => {
    const { data, usage } = await client.embeddings.create({
      model,
      input: [
        [1, 2, 3],
        [4, 5],
      ],
    })
    expect(data.length).toBe(2)
    expect(usage.prompt_tokens).toBe(5)
    expect((await client.embeddings.create({ model, input: [1, 2, 3] })).data.length).toBe(1)
  })

  it('The OpenAI stand-in puts related texts nearer to each other than unrelated ones', async () => {
    const input = [
      'machine learning fundamentals',
      'Fundamentals of Machine Learning for Beginners',
      'Italian Cooking',
    ]
    const {
      data: [query, related, unrelated],
    } = await client.embeddings.create({ model, input })
    const score = (other: number[] = []): number =>
      other.reduce((sum, value, index) => sum + value * (query?.embedding[index] ?? 0), 0)
    expect(score(related?.embedding)).toBeGreaterThan(score(unrelated?.embedding) + 0.5)
  })

  it.each([
    ['an empty text', { input: '' }],
    ['an empty text among others', { input: ['fine', ''] }],
    ['no inputs', { input: [] }],
    ['more than 2,048 inputs', { input: Array.from({ length: 2049 }, () => 'x') }],
    ['an input of more than 8,192 tokens', { input: 'word '.repeat(8192) }],
    [
      'more than 300,000 tokens in all',
      { input: Array.from({ length: 60 }, () => 'word '.repeat(6000)) },
    ],
    ['more dimensions than the model has', { input: 'x', dimensions: 1537 }],
    [
      'dimensions for a model without a choice',
      { input: 'x', model: 'text-embedding-ada-002', dimensions: 256 },
    ],
    ['an unknown encoding', { input: 'x', encoding_format: 'hex' as 'float' }],
    ['an unknown field', { input: 'x', temperature: 1 }],
  ])('The OpenAI stand-in refuses %s with 400 in the shape of the service', async (_, fields) => {
    const refusal = await client.embeddings
      .create({ model, ...fields })
      .catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(BadRequestError)
    const message = expect.any(String) as string
    expect(refusal).toMatchObject({
      status: 400,
      requestID: expect.stringMatching(/^req_/) as string,
      error: { message },
    })
  })

  it('The OpenAI stand-in accepts as many inputs and tokens as the service', async () => {
    expect(
      (
        await client.embeddings.create({
          model,
          input: Array.from({ length: 2048 }, () => 'x'),
          dimensions: 4,
        })
      ).data.length,
    ).toBe(2048)
    expect(
      (await client.embeddings.create({ model, input: 'word'.repeat(8192), dimensions: 4 })).usage
        .prompt_tokens,
    ).toBe(8192)
  })

  it('The OpenAI stand-in refuses unknown models and paths, and wrong and missing keys', async () => {
    await expect(client.embeddings.create({ model: 'gpt-2', input: 'x' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    })
    await expect(client.models.list()).rejects.toBeInstanceOf(NotFoundError)
    const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: standIn.url, maxRetries: 0 })
    await expect(stranger.embeddings.create({ model, input: 'x' })).rejects.toBeInstanceOf(
      AuthenticationError,
    )
    expect((await fetch(`${standIn.url}/embeddings`, { method: 'POST', body: '{}' })).status).toBe(
      401,
    )
    expect((await post('not an object')).status).toBe(400)
  })

  it('The OpenAI stand-in fails the requested number of times with Retry-After, and then works', async () => {
    const before = [standIn.requestCount('/embeddings'), standIn.inputCount()] as const
    standIn.faults.failNext({ status: 429, retryAfterSeconds: 7 })
    const refusal = await client.embeddings
      .create({ model, input: 'x' })
      .catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RateLimitError)
    expect((refusal as RateLimitError).headers?.get('retry-after')).toBe('7')
    standIn.faults.failNext({ status: 503, times: 2, retryAfterSeconds: 0 })
    const patient = new OpenAI({ apiKey: standIn.apiKey, baseURL: standIn.url, maxRetries: 2 })
    expect((await patient.embeddings.create({ model, input: 'x' })).data.length).toBe(1)
    expect(standIn.requestCount('/embeddings') - before[0]).toBe(4)
    expect(standIn.inputCount() - before[1]).toBe(1)
  })

  it('The OpenAI stand-in hangs until it is restored', async () => {
    standIn.faults.hang()
    const hasty = client.embeddings.create({ model, input: 'x' }, { timeout: 10_000 })
    const refused = expect(hasty).rejects.toBeInstanceOf(APIConnectionTimeoutError)
    await eventually(() => standIn.faults.hungCount === 1)
    await refused
    await eventually(() => standIn.faults.hungCount === 0)
    const inputs = standIn.inputCount()
    const patient = client.embeddings.create({ model, input: 'x' })
    await eventually(() => standIn.faults.hungCount === 1)
    standIn.faults.restore()
    expect((await patient).data.length).toBe(1)
    expect(standIn.inputCount()).toBe(inputs + 1)
  })

  it('The OpenAI stand-in delays answers on request', async () => {
    standIn.faults.delay(80)
    const start = performance.now()
    await client.embeddings.create({ model, input: 'x' })
    expect(performance.now() - start).toBeGreaterThanOrEqual(79)
  })

  it('The OpenAI stand-in cuts connections on request', async () => {
    standIn.faults.cut()
    await expect(client.embeddings.create({ model, input: 'x' })).rejects.toBeInstanceOf(
      APIConnectionError,
    )
  })

  it('The OpenAI stand-in returns vectors of a wrong length on request', async () => {
    standIn.answerDimensions(384)
    expect((await client.embeddings.create({ model, input: 'x' })).data[0]?.embedding.length).toBe(
      384,
    )
  })

  it('The OpenAI stand-in frees its port when stopped, even with hanging requests', async () => {
    const first = await startOpenaiStandIn({ dimensions: 8 })
    const caller = new OpenAI({ apiKey: first.apiKey, baseURL: first.url, maxRetries: 0 })
    first.faults.hang()
    const hung = caller.embeddings.create({ model, input: 'x' }).catch((error: unknown) => error)
    await eventually(() => first.faults.hungCount === 1)
    await first.stop()
    await first.stop()
    expect(await hung).toBeInstanceOf(APIConnectionError)
    const second = await startOpenaiStandIn({
      port: first.port,
      apiKey: first.apiKey,
      dimensions: 8,
    })
    expect((await caller.embeddings.create({ model, input: 'x' })).data[0]?.embedding.length).toBe(
      8,
    )
    await second.stop()
  })
})
