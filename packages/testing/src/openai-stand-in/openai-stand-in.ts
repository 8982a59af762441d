import { randomUUID } from 'node:crypto'
import { hashingEmbedder } from '@headwater/search'
import type { Faults } from '../http-stand-in/faults.ts'
import { HttpStandIn } from '../http-stand-in/http-stand-in.ts'
import type { HttpReply, HttpRequest } from '../http-stand-in/http-stand-in.ts'
import { parseEmbeddingsRequest } from './embeddings-request.ts'
import type { EmbeddingModel, EmbeddingsRequest } from './embeddings-request.ts'
import { OpenaiError, openaiErrorBody } from './openai-error.ts'

/** Options of {@link startOpenaiStandIn}. */
export interface OpenaiStandInOptions {
  /**
   * Port on 127.0.0.1.
   *
   * @defaultValue `0`, a free one
   */
  readonly port?: number
  /**
   * The key that callers must send.
   *
   * @defaultValue a random one
   */
  readonly apiKey?: string
  /**
   * Dimensions of `text-embedding-3-small`.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
}

/** The defaults of {@link OpenaiStandInOptions}. */
export const openaiStandInDefaults = { port: 0, dimensions: 1536 } as const

/** An answer of a service that differs from OpenAI. A string is sent as text. */
export interface OpenaiVariantAnswer {
  /** The HTTP status. */
  readonly status: number
  /** The body. */
  readonly body?: unknown
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What a service makes of a request's body; `undefined` where it answers as OpenAI does. */
export type OpenaiVariant = (
  body: Readonly<Record<string, unknown>>,
) => OpenaiVariantAnswer | undefined

/** A running stand-in for OpenAI's embeddings. */
export interface OpenaiStandIn {
  /** `baseURL` for the official client; ends in `/v1`. */
  readonly url: string
  /** The port it listens on. */
  readonly port: number
  /** The key that callers must send. */
  readonly apiKey: string
  /** The faults to play; none at first. */
  readonly faults: Faults
  /**
   * Gives every vector this length regardless of the request; `undefined` restores the requested
   * length.
   */
  answerDimensions(dimensions: number | undefined): void
  /**
   * Answers embeddings as another service that speaks OpenAI's API does, which may take any model;
   * `undefined` restores OpenAI's own answers.
   */
  answerAs(variant: OpenaiVariant | undefined): void
  /**
   * Requests so far, faulty ones included, whose method and path (`POST /v1/embeddings`) contain
   * `route`.
   */
  requestCount(route?: string): number
  /** Inputs embedded so far. */
  inputCount(): number
  /** Closes every connection and frees the port. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts a server on loopback that answers `POST /v1/embeddings` as OpenAI does, `float` and
 * `base64`, with the vectors of the hashing embedder: deterministic, and near each other for texts
 * that share words. What the service refuses is refused with the same status and shape; token
 * counts of texts are estimates.
 *
 * @example
 * ```ts
 * const standIn = await startOpenaiStandIn()
 * const client = new OpenAI({ apiKey: standIn.apiKey, baseURL: standIn.url })
 * ```
 */
export async function startOpenaiStandIn(
  options: OpenaiStandInOptions = {},
): Promise<OpenaiStandIn> {
  const { port, dimensions } = { ...openaiStandInDefaults, ...options }
  const apiKey = options.apiKey ?? `sk-stand-in-${randomUUID()}`
  const embeddings = new EmbeddingsService(apiKey, dimensions)
  const http = await HttpStandIn.start({
    port,
    answer: (request) => embeddings.answer(request),
    errorBody: (status, message) =>
      openaiErrorBody({
        status,
        message,
        ...(status === 429 ? { code: 'rate_limit_exceeded' } : {}),
      }),
  })
  return {
    url: `http://127.0.0.1:${http.port}/v1`,
    port: http.port,
    apiKey,
    faults: http.faults,
    answerDimensions: (answered) => embeddings.answerDimensions(answered),
    answerAs: (variant) => embeddings.answerAs(variant),
    requestCount: (route) => http.requestCount(route),
    inputCount: () => embeddings.inputCount,
    stop: () => http.stop(),
  }
}

class EmbeddingsService {
  readonly #apiKey: string
  readonly #models: readonly EmbeddingModel[]
  #answeredDimensions: number | undefined
  #variant: OpenaiVariant | undefined
  #inputCount = 0

  constructor(apiKey: string, dimensions: number) {
    this.#apiKey = apiKey
    this.#models = [
      { id: 'text-embedding-3-small', dimensions, isShortenable: true },
      { id: 'text-embedding-3-large', dimensions: 3072, isShortenable: true },
      { id: 'text-embedding-ada-002', dimensions: 1536, isShortenable: false },
    ]
  }

  get inputCount(): number {
    return this.#inputCount
  }

  answerDimensions(dimensions: number | undefined): void {
    this.#answeredDimensions = dimensions
  }

  answerAs(variant: OpenaiVariant | undefined): void {
    this.#variant = variant
  }

  async answer(request: HttpRequest): Promise<HttpReply> {
    const headers = {
      'x-request-id': `req_${randomUUID().replaceAll('-', '')}`,
      'openai-version': '2020-10-01',
    }
    try {
      this.#authorize(request)
      return withHeaders(await this.#route(request), headers)
    } catch (refusal) {
      if (refusal instanceof OpenaiError) return { ...refusal.reply, headers }
      throw refusal
    }
  }

  #authorize({ headers: { authorization } }: HttpRequest): void {
    if (authorization === undefined)
      throw new OpenaiError({ status: 401, message: "You didn't provide an API key." })
    if (authorization === `Bearer ${this.#apiKey}`) return
    throw new OpenaiError({
      status: 401,
      message: 'Incorrect API key provided.',
      code: 'invalid_api_key',
    })
  }

  #route(request: HttpRequest): Promise<HttpReply> {
    const route = `${request.method} ${request.path}`
    if (route === 'POST /v1/embeddings') {
      const variant = this.#variant?.(JSON.parse(request.body) as Record<string, unknown>)
      if (variant !== undefined) return Promise.resolve(variant)
      return this.#embed(parseEmbeddingsRequest(request.body, this.#models))
    }
    if (request.path === '/v1/embeddings') {
      throw new OpenaiError({
        status: 405,
        message: `Not allowed to ${route}.`,
        code: 'method_not_supported',
      })
    }
    throw new OpenaiError({
      status: 404,
      message: `Unknown request URL: ${route}.`,
      code: 'unknown_url',
    })
  }

  async #embed({
    model,
    texts,
    tokenCount,
    dimensions,
    encodingFormat,
  }: EmbeddingsRequest): Promise<HttpReply> {
    const embedded = await hashingEmbedder({
      dimensions: this.#answeredDimensions ?? dimensions,
    }).embed(texts)
    if (embedded.isErr())
      throw new OpenaiError({ status: 400, message: embedded.error.message, param: 'input' })
    this.#inputCount += texts.length
    const data = embedded.value.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encodingFormat === 'base64' ? toBase64(vector) : vector,
    }))
    const usage = { prompt_tokens: tokenCount, total_tokens: tokenCount }
    return { status: 200, body: { object: 'list', data, model: model.id, usage } }
  }
}

function withHeaders(reply: HttpReply, headers: HttpReply['headers']): HttpReply {
  return { ...reply, headers: { ...headers, ...reply.headers } }
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}
