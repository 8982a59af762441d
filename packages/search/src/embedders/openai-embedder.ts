import {
  batchesOf,
  CallBudget,
  checkOptions,
  createGuard,
  Diagnostics,
  eachInParallel,
  err,
  errAsync,
  invalidField,
  ok,
  once,
  option,
  strictOptions,
  systemClock,
} from '@headwater/core'
import type { CallOptions, Clock, Guard, Result, ResultAsync } from '@headwater/core'
import type OpenAI from 'openai'
import type { CreateEmbeddingResponse, Embedding } from 'openai/resources/embeddings'
import * as z from 'zod/mini'
import type { EmbedError, Embedder, EmbeddingProfile } from './embedder.ts'
import { loadOpenai, openaiClient } from './openai-client.ts'
import { isBatchTooLarge, openaiComplaint, refusesDimensions } from './openai-complaint.ts'
import { dimensionMismatch } from './embedder.ts'
import { toUnitVector } from './unit-vector.ts'

/** Options of {@link openaiEmbedder}. */
export interface OpenaiEmbedderOptions {
  /** The API key. */
  readonly apiKey: string
  /**
   * Address of the API, or of any service that speaks OpenAI's embeddings.
   *
   * @defaultValue `'https://api.openai.com/v1'`
   */
  readonly baseURL?: string
  /**
   * Name of the model.
   *
   * @defaultValue `'text-embedding-3-small'`
   */
  readonly model?: string
  /**
   * Length of the vectors. The service is asked for it when it is given here, whatever the model is
   * called, and by default for `text-embedding-3-…`. A service that refuses to choose is not asked
   * again. Every vector is checked against it.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
  /**
   * Encoding of the vectors. `float` is for services without `base64`, and three times as long.
   *
   * @defaultValue `'base64'`
   */
  readonly encodingFormat?: 'base64' | 'float'
  /**
   * Deadline of a call whose caller sets none, in milliseconds, for all its requests and their
   * retries together.
   *
   * @defaultValue `30_000`
   */
  readonly deadlineMs?: number
  /**
   * Concurrent requests of one call.
   *
   * @defaultValue `4`
   */
  readonly concurrency?: number
  /**
   * Limits of one request. Tokens are estimated at three bytes each, which overestimates their
   * number in most languages.
   *
   * @defaultValue OpenAI's limits: 2,048 texts and 300,000 tokens, and 8 MB
   */
  readonly batch?: EmbeddingBatchLimits
  /**
   * Receives `store:operation` and `breaker:transition`; usually `stores.diagnostics`.
   *
   * @defaultValue none
   */
  readonly diagnostics?: Diagnostics
  /**
   * Measures durations.
   *
   * @defaultValue the system clock
   */
  readonly clock?: Clock
}

/** Limits of one request for embeddings. */
export interface EmbeddingBatchLimits {
  /** The most texts. */
  readonly maxTexts?: number
  /** The most estimated tokens, of all texts together. */
  readonly maxTokens?: number
  /** The most bytes, of all texts together. */
  readonly maxBytes?: number
}

/** The defaults of {@link OpenaiEmbedderOptions}. */
export const openaiEmbedderDefaults = {
  baseURL: 'https://api.openai.com/v1',
  model: 'text-embedding-3-small',
  dimensions: 1536,
  encodingFormat: 'base64',
  deadlineMs: 30_000,
  concurrency: 4,
  batch: { maxTexts: 2_048, maxTokens: 300_000, maxBytes: 8_000_000 },
} as const satisfies Partial<OpenaiEmbedderOptions>

/**
 * Embeds through OpenAI's API, with the official client; needs the package `openai`. Costs one
 * request per batch of texts. Transient failures (429 with its Retry-After, 5xx, lost connections)
 * are retried within the deadline; a breaker stops requests to a failing service.
 *
 * @throws InvalidOptions when an option breaks a rule.
 * @example
 * ```ts
 * const embedder = openaiEmbedder({ apiKey, diagnostics: stores.diagnostics })
 * ```
 */
export function openaiEmbedder(options: OpenaiEmbedderOptions): Embedder {
  const settings = checkOptions('openaiEmbedder', rules(), {
    ...openaiEmbedderDefaults,
    diagnostics: new Diagnostics(),
    clock: systemClock,
    ...options,
    batch: { ...openaiEmbedderDefaults.batch, ...options.batch },
  })
  const asksForDimensions =
    options.dimensions !== undefined || settings.model.startsWith('text-embedding-3')
  return new OpenaiEmbedder(settings, { asksForDimensions })
}

const rules = once(() =>
  strictOptions<OpenaiEmbedderOptions>({
    diagnostics: option.object(),
    clock: option.object(),
    apiKey: option.text(),
    baseURL: z.string().check(z.refine((url) => URL.canParse(url), 'expected a URL')),
    model: option.text(),
    dimensions: option.count(),
    encodingFormat: z.enum(['base64', 'float'], 'expected base64 or float'),
    deadlineMs: option.durationMs(),
    concurrency: option.count(),
    batch: strictOptions({
      maxTexts: option.count(),
      maxTokens: option.count(),
      maxBytes: option.count(),
    }),
  }),
)

type Settings = Required<OpenaiEmbedderOptions> & { readonly batch: Required<EmbeddingBatchLimits> }

/** One call of `embed`. */
interface Call {
  readonly client: OpenAI
  readonly budget: CallBudget
}

class OpenaiEmbedder implements Embedder {
  readonly profile: EmbeddingProfile
  readonly #settings: Settings
  readonly #guard: Guard
  /** Loading takes up to half a second, which the first call shall not wait for. */
  readonly #package = loadOpenai()
  #asksForDimensions: boolean

  constructor(settings: Settings, { asksForDimensions }: { readonly asksForDimensions: boolean }) {
    this.#asksForDimensions = asksForDimensions
    const { model, dimensions, diagnostics, clock, deadlineMs } = settings
    this.profile = { model, dimensions }
    this.#settings = settings
    this.#guard = createGuard({
      store: 'openai',
      diagnostics,
      clock,
      deadlineMs,
      classify: openaiComplaint,
    })
  }

  embed(
    texts: readonly string[],
    options: CallOptions = {},
  ): ResultAsync<readonly number[][], EmbedError> {
    const empty = texts.indexOf('')
    if (empty !== -1) return errAsync(invalidField(`texts[${empty}]`, 'must not be empty'))
    const { concurrency, clock, deadlineMs } = this.#settings
    const budget = new CallBudget(clock, { deadlineMs, ...options })
    return this.#package
      .map((openai) => openaiClient(openai, this.#settings))
      .andThen((client) =>
        eachInParallel(this.#batches(texts), concurrency, (part) =>
          this.#embedBatch(part, { client, budget }),
        ),
      )
      .map((vectors) => vectors.flat())
  }

  batchSizes(texts: readonly string[]): number[] {
    return this.#batches(texts).map(({ length }) => length)
  }

  #batches(texts: readonly string[]): string[][] {
    const { maxTexts, maxTokens, maxBytes } = this.#settings.batch
    const weights = [
      { of: tokensOf, max: maxTokens },
      { of: (text: string) => Buffer.byteLength(text), max: maxBytes },
    ]
    return batchesOf(texts, { maxItems: maxTexts, weights })
  }

  #embedBatch(texts: readonly string[], call: Call): ResultAsync<number[][], EmbedError> {
    return this.#guard
      .run('embed', (signal) => this.#request(texts, call.client, signal), {
        ...call.budget.left(),
        isIdempotent: true,
      })
      .andThen((embeddings) => checked(embeddings, texts.length, this.profile.dimensions))
      .orElse((failure) =>
        isBatchTooLarge(failure) && texts.length > 1
          ? this.#embedHalves(texts, call)
          : errAsync(failure),
      )
  }

  /** Tokens are estimated: texts in a language that needs more of them overfill a batch. */
  #embedHalves(texts: readonly string[], call: Call): ResultAsync<number[][], EmbedError> {
    const middle = Math.ceil(texts.length / 2)
    return this.#embedBatch(texts.slice(0, middle), call).andThen((first) =>
      this.#embedBatch(texts.slice(middle), call).map((second) => [...first, ...second]),
    )
  }

  async #request(
    texts: readonly string[],
    client: OpenAI,
    signal: AbortSignal,
  ): Promise<readonly Embedding[]> {
    const isAsking = this.#asksForDimensions
    try {
      return await this.#create(texts, client, { signal, isAsking })
    } catch (error) {
      if (!isAsking || !refusesDimensions(error)) throw error
      this.#asksForDimensions = false
      return this.#create(texts, client, { signal, isAsking: false })
    }
  }

  async #create(
    texts: readonly string[],
    client: OpenAI,
    { signal, isAsking }: { readonly signal: AbortSignal; readonly isAsking: boolean },
  ): Promise<readonly Embedding[]> {
    const { model, dimensions, encodingFormat } = this.#settings
    const { data = [] }: Partial<CreateEmbeddingResponse> = await client.embeddings.create(
      {
        model,
        input: [...texts],
        ...(isAsking ? { dimensions } : {}),
        ...(encodingFormat === 'float' ? { encoding_format: 'float' as const } : {}),
      },
      { signal, maxRetries: 0 },
    )
    return data
  }
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3)
}

/** The vectors in the order of the texts; they arrive in any order, each with an index. */
function checked(
  embeddings: readonly Embedding[],
  count: number,
  dimensions: number,
): Result<number[][], EmbedError> {
  const ordered = embeddings.toSorted((left, right) => left.index - right.index)
  if (ordered.length !== count || ordered.some(({ index }, at) => index !== at))
    return err(badAnswer(`did not answer ${count} texts with one vector each`))
  const vectors = ordered.map(({ embedding }) => (Array.isArray(embedding) ? embedding : []))
  const misfit = vectors.find((vector) => vector.length !== dimensions)
  if (misfit !== undefined) return err(dimensionMismatch(dimensions, misfit.length))
  const units = vectors.flatMap((vector) => {
    const unit = toUnitVector(vector)
    return unit === undefined ? [] : [unit]
  })
  return units.length === count
    ? ok(units)
    : err(badAnswer('answered with a vector that has no direction'))
}

function badAnswer(reason: string): EmbedError {
  return {
    type: 'store-refused',
    message: `openai ${reason}`,
    retryable: false,
    store: 'openai',
    operation: 'embed',
  }
}
