import {
  batchesOf,
  CallBudget,
  createGuard,
  Diagnostics,
  eachInParallel,
  err,
  errAsync,
  invalidField,
  ok,
  systemClock,
} from '@headwater/core'
import type { CallOptions, Clock, Guard, Result, ResultAsync } from '@headwater/core'
import type OpenAI from 'openai'
import type { CreateEmbeddingResponse, Embedding } from 'openai/resources/embeddings'
import type { EmbedError, Embedder, EmbeddingProfile } from './embedder.ts'
import { isBatchTooLarge, openaiComplaint } from './openai-complaint.ts'
import { dimensionMismatch } from './embedder.ts'
import { toUnitVector } from './unit-vector.ts'

/** Options of {@link openaiEmbedder}. */
export interface OpenaiEmbedderOptions {
  /** The API key. */
  readonly apiKey: string
  /**
   * Where the API is; any service that speaks OpenAI's embeddings will do.
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
   * Length of the vectors. Asked for where the model can be asked (`text-embedding-3-…`), asserted
   * always.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
  /**
   * How vectors travel. `float` is for services that do not know `base64`, and three times as long.
   *
   * @defaultValue `'base64'`
   */
  readonly encodingFormat?: 'base64' | 'float'
  /**
   * Time that a call has when its caller says nothing, in milliseconds: all its requests and their
   * repetitions together.
   *
   * @defaultValue `30_000`
   */
  readonly deadlineMs?: number
  /**
   * Requests of one call under way at once.
   *
   * @defaultValue `4`
   */
  readonly concurrency?: number
  /**
   * What one request may carry. Tokens are estimated at three bytes each, which is more than they
   * are in most languages.
   *
   * @defaultValue OpenAI's limits: 2,048 texts and 300,000 tokens, and 8 MB
   */
  readonly batch?: EmbeddingBatchLimits
  /**
   * Where `store:operation` and `breaker:transition` go, for instance `stores.diagnostics`.
   *
   * @defaultValue nowhere
   */
  readonly diagnostics?: Diagnostics
  /**
   * Where durations come from.
   *
   * @defaultValue the machine's clock
   */
  readonly clock?: Clock
}

/** What one request for embeddings may carry. */
export interface EmbeddingBatchLimits {
  /** Texts at most. */
  readonly maxTexts?: number
  /** Estimated tokens of all texts together at most. */
  readonly maxTokens?: number
  /** Bytes of all texts together at most. */
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
 * Embeds through OpenAI's API, with the official client; needs the package `openai`. One request
 * per batch of texts, none for no texts or an empty one. Requests that may pass (429 with its
 * Retry-After, 5xx, lost connections) are repeated within the deadline; a breaker takes a failing
 * service out of the way.
 *
 * @throws TypeError when an option breaks a rule.
 * @example
 * ```ts
 * const embedder = openaiEmbedder({ apiKey, diagnostics: stores.diagnostics })
 * ```
 */
export function openaiEmbedder(options: OpenaiEmbedderOptions): Embedder {
  const batch = { ...openaiEmbedderDefaults.batch, ...options.batch }
  const settings = {
    ...openaiEmbedderDefaults,
    diagnostics: new Diagnostics(),
    clock: systemClock,
    ...options,
    batch,
  }
  if (typeof settings.apiKey !== 'string' || settings.apiKey === '')
    throw new TypeError('openaiEmbedder: apiKey must not be empty')
  if (!URL.canParse(settings.baseURL)) throw new TypeError('openaiEmbedder: baseURL must be a URL')
  for (const [name, value] of Object.entries({
    dimensions: settings.dimensions,
    concurrency: settings.concurrency,
    ...batch,
  })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`openaiEmbedder: ${name} must be a positive integer: got ${value}`)
  }
  if (!(settings.deadlineMs > 0))
    throw new TypeError(`openaiEmbedder: deadlineMs must be positive: got ${settings.deadlineMs}`)
  return new OpenaiEmbedder(settings)
}

type Settings = Required<OpenaiEmbedderOptions> & { readonly batch: Required<EmbeddingBatchLimits> }

class OpenaiEmbedder implements Embedder {
  readonly profile: EmbeddingProfile
  readonly #settings: Settings
  readonly #guard: Guard
  #client: Promise<OpenAI> | undefined

  constructor(settings: Settings) {
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
    return eachInParallel(this.#batches(texts), concurrency, (part) =>
      this.#embedBatch(part, budget),
    ).map((vectors) => vectors.flat())
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

  #embedBatch(texts: readonly string[], budget: CallBudget): ResultAsync<number[][], EmbedError> {
    return this.#guard
      .run('embed', (signal) => this.#request(texts, signal), {
        ...budget.left(),
        isIdempotent: true,
      })
      .andThen((embeddings) => checked(embeddings, texts.length, this.profile.dimensions))
      .orElse((failure) =>
        isBatchTooLarge(failure) && texts.length > 1
          ? this.#embedHalves(texts, budget)
          : errAsync(failure),
      )
  }

  /**
   * Tokens are estimated: a text in a language that needs more of them makes a batch that the
   * service refuses.
   */
  #embedHalves(texts: readonly string[], budget: CallBudget): ResultAsync<number[][], EmbedError> {
    const middle = Math.ceil(texts.length / 2)
    return this.#embedBatch(texts.slice(0, middle), budget).andThen((first) =>
      this.#embedBatch(texts.slice(middle), budget).map((second) => [...first, ...second]),
    )
  }

  async #request(texts: readonly string[], signal: AbortSignal): Promise<readonly Embedding[]> {
    const { model, dimensions, encodingFormat } = this.#settings
    const client = await this.#open()
    const { data = [] }: Partial<CreateEmbeddingResponse> = await client.embeddings.create(
      {
        model,
        input: [...texts],
        ...(model.startsWith('text-embedding-3') ? { dimensions } : {}),
        ...(encodingFormat === 'float' ? { encoding_format: 'float' as const } : {}),
      },
      { signal, maxRetries: 0 },
    )
    return data
  }

  #open(): Promise<OpenAI> {
    this.#client ??= this.#create()
    return this.#client
  }

  async #create(): Promise<OpenAI> {
    const { apiKey, baseURL } = this.#settings
    try {
      const { OpenAI: Client } = await import('openai')
      // What is left out here the client takes from the environment.
      return new Client({
        apiKey,
        baseURL,
        adminAPIKey: null,
        organization: null,
        project: null,
        webhookSecret: null,
        logLevel: 'off',
        maxRetries: 0,
      })
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3)
}

/**
 * The vectors in the order of the texts; they come in any order, each with the place of its text.
 */
function checked(
  embeddings: readonly Embedding[],
  count: number,
  dimensions: number,
): Result<number[][], EmbedError> {
  const ordered = embeddings.toSorted((left, right) => left.index - right.index)
  if (ordered.length !== count || ordered.some(({ index }, place) => index !== place))
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
