import { forEachInParallel } from '@headwater/core'
import type { ResultAsync, StoreRefused } from '@headwater/core'
import { contained, isMistake } from '../contained.ts'
import type { EmbedError, EmbedOptions, Embedder } from './embedder.ts'

/** One text's vector, or the failure that left it without one. */
export type EmbeddedText = { readonly vector: readonly number[] } | { readonly failure: EmbedError }

/** Requests under way at once. */
const requestsAtOnce = 4

/**
 * Embeds each text on its own terms: a refused text or a failed request leaves the other texts
 * their vectors, and none is embedded twice. Returns one entry per text, in order; never rejects.
 * Costs as few requests as the embedder's limits allow. A request that is refused, or that the
 * embedder throws at, is halved until the culprits stand alone.
 *
 * @example
 * ```ts
 * const [first] = await embedEach(embedder, texts)
 * if (first !== undefined && 'failure' in first) report(first.failure)
 * ```
 */
export async function embedEach(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions = {},
): Promise<EmbeddedText[]> {
  if (texts.length === 0) return []
  const embedded: EmbeddedText[][] = []
  await forEachInParallel(requestsFor(embedder, texts), requestsAtOnce, async (batch, index) => {
    embedded[index] = await new EmbedRequest(embedder, options, batch.length).embed(batch)
  })
  return embedded.flat()
}

function requestsFor(embedder: Embedder, texts: readonly string[]): (readonly string[])[] {
  let from = 0
  return (batchSizesOf(embedder, texts) ?? [texts.length]).map((size) =>
    texts.slice(from, (from += size)),
  )
}

/**
 * The number of texts in each request; `undefined` for an embedder that does not say it, or says it
 * of other texts than these.
 */
export function batchSizesOf(
  embedder: Embedder,
  texts: readonly string[],
): readonly number[] | undefined {
  try {
    const sizes = embedder.batchSizes?.(texts)
    const areCounts = sizes?.every((size) => Number.isInteger(size) && size >= 1) === true
    return areCounts && sum(sizes) === texts.length ? sizes : undefined
  } catch {
    return undefined
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}

/** The texts of one request, which is halved where one of them may be at fault. */
class EmbedRequest {
  readonly #embedder: Embedder
  readonly #options: EmbedOptions
  /** So many times it is thrown at before anything was embedded; then it looks like an outage. */
  #patience: number
  #hasEmbedded = false

  constructor(embedder: Embedder, options: EmbedOptions, length: number) {
    this.#embedder = embedder
    this.#options = options
    this.#patience = 2 * Math.ceil(Math.log2(length)) + 2
  }

  async embed(texts: readonly string[]): Promise<EmbeddedText[]> {
    const embedded = await this.#halve(texts)
    return this.#hasEmbedded ? embedded.map(blamed) : embedded
  }

  async #halve(texts: readonly string[]): Promise<EmbeddedText[]> {
    const embedded = await askFor(this.#embedder, texts, this.#options)
    if (embedded.isOk()) {
      this.#hasEmbedded = true
      return embedded.value.map((vector) => ({ vector }))
    }
    const failure = embedded.error
    if (texts.length === 1 || !this.#mayBeOfText(failure)) return texts.map(() => ({ failure }))
    const middle = Math.ceil(texts.length / 2)
    return [
      ...(await this.#halve(texts.slice(0, middle))),
      ...(await this.#halve(texts.slice(middle))),
    ]
  }

  #mayBeOfText(failure: EmbedError): boolean {
    if (!isMistake(failure)) return isRefusalOfText(failure)
    this.#patience -= 1
    return this.#hasEmbedded || this.#patience > 0
  }
}

/** Where other texts of a request were embedded, what the embedder threw at is at fault. */
function blamed(embedded: EmbeddedText): EmbeddedText {
  if ('vector' in embedded || !isMistake(embedded.failure)) return embedded
  const { message } = embedded.failure
  return { failure: refused('threw', message) }
}

/** A vector for each text, or a failure, whatever the embedder does. */
function askFor(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions,
): ResultAsync<readonly number[][], EmbedError> {
  const asked = { store: 'openai', operation: 'embed', who: 'the embedder' } as const
  return contained(
    asked,
    () => embedder.embed(texts, options),
    (vectors) => Array.isArray(vectors) && vectors.length === texts.length,
  )
}

function refused(code: string, message: string): StoreRefused {
  return {
    type: 'store-refused',
    store: 'openai',
    operation: 'embed',
    code,
    message,
    retryable: false,
  }
}

const faultsOfService = [
  ...['401', '402', '403', '404', 'insufficient_quota'],
  ...['no-vectors', 'error-in-answer'],
]

/**
 * Whether the text is at fault, rather than the service or its configuration. Sending the text
 * again changes nothing then.
 */
export function isRefusalOfText(failure: {
  readonly type: string
  readonly store?: string
  readonly code?: string
}): boolean {
  if (failure.type === 'invalid-input') return true
  if (failure.type !== 'store-refused') return false
  // From PostgreSQL only values that it cannot hold (class 22); other refusals are configuration.
  if (failure.store === 'postgres') return failure.code?.startsWith('22') === true
  return !faultsOfService.includes(failure.code ?? '')
}
