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
  systemClock,
} from '@headwater/core'
import type { CallOptions, Guard, Result, ResultAsync } from '@headwater/core'
import type OpenAI from 'openai'
import type { CreateEmbeddingResponse, Embedding } from 'openai/resources/embeddings'
import type { EmbedError, Embedder, EmbeddingProfile } from './embedder.ts'
import { loadOpenai, openaiClient } from './openai-client.ts'
import { isBatchTooLarge, openaiComplaint, refusesDimensions } from './openai-complaint.ts'
import {
  type EmbeddingBatchLimits,
  openaiEmbedderDefaults,
  type OpenaiEmbedderOptions,
  openaiEmbedderRules,
} from './openai-options.ts'
import { dimensionMismatch } from './embedder.ts'
import { toUnitVector } from './unit-vector.ts'

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
  const settings = checkOptions('openaiEmbedder', openaiEmbedderRules(), {
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
