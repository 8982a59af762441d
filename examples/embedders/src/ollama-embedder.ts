import {
  batchesOf,
  createGuard,
  CallBudget,
  Diagnostics,
  eachInParallel,
  err,
  errAsync,
  invalidField,
  ok,
  systemClock,
} from '@headwater/core'
import type { Guard, Result, ResultAsync } from '@headwater/core'
import type { EmbedError, Embedder, EmbeddingProfile, EmbedOptions } from '@headwater/search'
import { complaintOf, requestJson } from './http.ts'

/** Options of {@link ollamaEmbedder}. */
export interface OllamaOptions {
  /** The model with its tag: `nomic-embed-text:v1.5`. A tag that moves would mix two models. */
  readonly model: string
  /** The length of its vectors. */
  readonly dimensions: number
  /**
   * What stands before a query, and before the text of a course.
   *
   * @defaultValue nothing
   */
  readonly prefixes?: { readonly query: string; readonly document: string }
  /**
   * Address of the server.
   *
   * @defaultValue `'http://127.0.0.1:11434'`
   */
  readonly url?: string
  /**
   * How long the server keeps the model in memory after a request, as `5m`; loading it takes
   * seconds, which the next search would wait for.
   *
   * @defaultValue `'30m'`
   */
  readonly keepAlive?: string
  /**
   * Receives what becomes of each request; usually `stores.diagnostics`.
   *
   * @defaultValue none
   */
  readonly diagnostics?: Diagnostics
}

const ollamaDefaults = {
  prefixes: { query: '', document: '' },
  url: 'http://127.0.0.1:11434',
  keepAlive: '30m',
} as const satisfies Partial<OllamaOptions>

/** A server with one graphics card answers no faster to more. */
const requestsAtOnce = 2
const textsInRequest = 64
const deadlineMs = 60_000

/**
 * Embeds through Ollama's own API. Its OpenAI-compatible one cuts texts that are too long without a
 * word; here they are refused, and are the index's to report. 1 request per 64 texts.
 */
export function ollamaEmbedder(options: OllamaOptions): Embedder {
  return new OllamaEmbedder({ ...ollamaDefaults, diagnostics: new Diagnostics(), ...options })
}

class OllamaEmbedder implements Embedder {
  readonly profile: EmbeddingProfile
  readonly #options: Required<OllamaOptions>
  readonly #guard: Guard

  constructor(options: Required<OllamaOptions>) {
    const { model, dimensions, prefixes, diagnostics } = options
    // Vectors of texts with other prefixes are not compared with these.
    this.profile = { model, dimensions, variant: JSON.stringify(prefixes) }
    this.#options = options
    this.#guard = createGuard({ store: 'openai', diagnostics, deadlineMs, classify: complaintOf })
  }

  batchSizes(texts: readonly string[]): number[] {
    return batchesOf(texts, { maxItems: textsInRequest }).map(({ length }) => length)
  }

  embed(
    texts: readonly string[],
    { purpose, ...call }: EmbedOptions = {},
  ): ResultAsync<readonly number[][], EmbedError> {
    const empty = texts.indexOf('')
    if (empty !== -1) return errAsync(invalidField(`texts[${empty}]`, 'must not be empty'))
    const prefix = purpose === undefined ? '' : this.#options.prefixes[purpose]
    const budget = new CallBudget(systemClock, { deadlineMs, ...call })
    const batches = batchesOf(
      texts.map((text) => prefix + text),
      { maxItems: textsInRequest },
    )
    return eachInParallel(batches, requestsAtOnce, (batch) => this.#request(batch, budget)).map(
      (vectors) => vectors.flat(),
    )
  }

  #request(input: readonly string[], budget: CallBudget): ResultAsync<number[][], EmbedError> {
    const { url, model, dimensions, keepAlive } = this.#options
    const body = { model, input, truncate: false, keep_alive: keepAlive }
    const ask = (signal: AbortSignal) => requestJson(`${url}/api/embed`, { body, signal })
    return this.#guard
      .run('embed', ask, { ...budget.left(), isIdempotent: true })
      .andThen((answer) => vectorsIn(answer, { count: input.length, dimensions }))
  }
}

function vectorsIn(
  answer: unknown,
  { count, dimensions }: { readonly count: number; readonly dimensions: number },
): Result<number[][], EmbedError> {
  const { embeddings = [] } = answer as { readonly embeddings?: readonly number[][] }
  if (embeddings.length !== count)
    return err(unusable('no-vectors', `did not answer ${count} texts with one vector each`))
  const wrong = embeddings.find((vector) => vector.length !== dimensions)
  if (wrong !== undefined) return err(mismatch(dimensions, wrong.length))
  const units = embeddings.map(unit)
  return units.flat().every(Number.isFinite)
    ? ok(units)
    : err(unusable('not-a-number', 'the model found no vector for a text'))
}

function unit(vector: readonly number[]): number[] {
  const norm = Math.hypot(...vector)
  return vector.map((value) => value / norm)
}

function mismatch(expected: number, received: number): EmbedError {
  const message = `a vector has ${received} dimensions instead of ${expected}`
  return { type: 'dimension-mismatch', message, retryable: false, expected, received }
}

function unusable(code: string, reason: string): EmbedError {
  const message = `embed: Ollama ${reason}`
  return {
    type: 'store-refused',
    store: 'openai',
    operation: 'embed',
    code,
    message,
    retryable: false,
  }
}
