import {
  batchesOf,
  CallBudget,
  checkOptions,
  createGuard,
  Diagnostics,
  eachInParallel,
  errAsync,
  invalidField,
  systemClock,
  tlsFetch,
} from '@headwater/core'
import type { Guard, ResultAsync } from '@headwater/core'
import type OpenAI from 'openai'
import type { EmbedError, Embedder, EmbeddingProfile, EmbedOptions } from './embedder.ts'
import { type OpenaiAnswer, throwErrorIn, tokensIn, vectorsOf } from './openai-answer.ts'
import { loadOpenai, openaiClient } from './openai-client.ts'
import {
  isBatchTooLarge,
  openaiComplaint,
  type OptionalParameter,
  refusedParameter,
} from './openai-complaint.ts'
import {
  type EmbeddingBatchLimits,
  openaiEmbedderDefaults,
  type OpenaiEmbedderOptions,
  openaiEmbedderRules,
} from './openai-options.ts'
import { markOf, type TextMark, variantOf } from './text-marks.ts'

/**
 * Embeds through OpenAI's API, or a service that speaks it, with the official client; needs the
 * package `openai`. Costs one request per batch of texts. Transient failures (429 with its
 * Retry-After, 5xx, lost connections) are retried within the deadline; a breaker stops requests to
 * a failing service. What a service answers in a way of its own is understood, or refused with a
 * `code` that names it; a vector that breaks the profile is never returned.
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
  return new OpenaiEmbedder(settings, asksForDimensions ? ['dimensions'] : [])
}

type Settings = Required<Omit<OpenaiEmbedderOptions, 'tls'>> &
  Pick<OpenaiEmbedderOptions, 'tls'> & { readonly batch: Required<EmbeddingBatchLimits> }

/** One call of `embed`. */
interface Call {
  readonly client: OpenAI
  readonly budget: CallBudget
  readonly fields: Readonly<Record<string, unknown>>
}

class OpenaiEmbedder implements Embedder {
  readonly profile: EmbeddingProfile
  readonly isCaseSensitive: boolean
  readonly #settings: Settings
  readonly #guard: Guard
  readonly #send: typeof fetch | undefined
  /** Loading takes up to half a second, which the first call shall not wait for. */
  readonly #package = loadOpenai()
  /** The parameters that the service has not refused. */
  readonly #parameters: Set<OptionalParameter>
  #maxTexts: number

  constructor(settings: Settings, parameters: readonly OptionalParameter[]) {
    const { model, dimensions, marks, diagnostics, clock, deadlineMs, batch } = settings
    const variant = variantOf(marks)
    this.profile = { model, dimensions, ...(variant === undefined ? {} : { variant }) }
    this.isCaseSensitive = settings.isCaseSensitive
    this.#settings = settings
    this.#send = settings.tls === undefined ? undefined : tlsFetch(settings.tls)
    this.#parameters = new Set([...parameters, 'encoding_format'])
    this.#maxTexts = batch.maxTexts
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
    { purpose, ...options }: EmbedOptions = {},
  ): ResultAsync<readonly number[][], EmbedError> {
    const empty = texts.indexOf('')
    if (empty !== -1) return errAsync(invalidField(`texts[${empty}]`, 'must not be empty'))
    const { concurrency, clock, deadlineMs, marks } = this.#settings
    const budget = new CallBudget(clock, { deadlineMs, ...options })
    const mark = markOf(marks, purpose)
    return this.#package
      .map((openai) => openaiClient(openai, this.#settings, this.#send))
      .andThen((client) =>
        eachInParallel(this.#batches(texts, mark), concurrency, (part) =>
          this.#embedBatch(part, { client, budget, fields: mark.fields ?? {} }),
        ),
      )
      .map((vectors) => vectors.flat())
  }

  batchSizes(texts: readonly string[]): number[] {
    const mark = markOf(this.#settings.marks, 'document')
    return this.#batches(texts, mark).map(({ length }) => length)
  }

  /** Batches of the texts with their prefix. */
  #batches(texts: readonly string[], { prefix = '' }: TextMark): string[][] {
    const { maxTokens, maxBytes } = this.#settings.batch
    const weights = [
      { of: tokensOf, max: maxTokens },
      { of: (text: string) => Buffer.byteLength(text), max: maxBytes },
    ]
    return batchesOf(prefix === '' ? texts : texts.map((text) => prefix + text), {
      maxItems: this.#maxTexts,
      weights,
    })
  }

  #embedBatch(texts: readonly string[], call: Call): ResultAsync<number[][], EmbedError> {
    const { dimensions } = this.profile
    return this.#guard
      .run('embed', (signal) => this.#request(texts, call, signal), {
        ...call.budget.left(),
        isIdempotent: true,
      })
      .andTee((answer) => {
        this.#count(texts, answer)
      })
      .andThen((answer) => vectorsOf(answer, { count: texts.length, dimensions }))
      .orElse((failure) =>
        isBatchTooLarge(failure) && texts.length > 1
          ? this.#embedHalves(texts, call, failure)
          : errAsync(failure),
      )
  }

  #count({ length: texts }: readonly string[], answer: OpenaiAnswer): void {
    const { model, diagnostics } = this.#settings
    diagnostics.emit('search:embedded', { model, texts, tokens: tokensIn(answer) })
  }

  /** Tokens are estimated: texts in a language that needs more of them overfill a batch. */
  #embedHalves(
    texts: readonly string[],
    call: Call,
    failure: EmbedError,
  ): ResultAsync<number[][], EmbedError> {
    const middle = Math.ceil(texts.length / 2)
    if (failure.type === 'store-refused' && failure.code === 'too-many-texts')
      this.#maxTexts = Math.min(this.#maxTexts, middle)
    return this.#embedBatch(texts.slice(0, middle), call).andThen((first) =>
      this.#embedBatch(texts.slice(middle), call).map((second) => [...first, ...second]),
    )
  }

  /** Asks again without a parameter that is refused. */
  async #request(texts: readonly string[], call: Call, signal: AbortSignal): Promise<OpenaiAnswer> {
    const sent = new Set(this.#parameters)
    try {
      return await this.#create(texts, { ...call, sent }, signal)
    } catch (error) {
      const refused = refusedParameter(error)
      if (refused === undefined || !sent.has(refused)) throw error
      this.#parameters.delete(refused)
      return this.#request(texts, call, signal)
    }
  }

  async #create(
    texts: readonly string[],
    { client, fields, sent }: Call & { readonly sent: ReadonlySet<OptionalParameter> },
    signal: AbortSignal,
  ): Promise<OpenaiAnswer> {
    const { model, dimensions, encodingFormat } = this.#settings
    // Not through `embeddings.create`, which asks every service for an encoding.
    const answer = await client.post<OpenaiAnswer>('/embeddings', {
      body: {
        model,
        input: [...texts],
        ...(sent.has('dimensions') ? { dimensions } : {}),
        ...(sent.has('encoding_format') ? { encoding_format: encodingFormat } : {}),
        ...fields,
      },
      signal,
      maxRetries: 0,
    })
    throwErrorIn(answer)
    return answer
  }
}

function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3)
}
