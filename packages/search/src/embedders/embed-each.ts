import { err, forEachInParallel, ok } from '@headwater/core'
import type { ResultAsync, StoreRefused } from '@headwater/core'
import { contained } from '../contained.ts'
import type { EmbedError, EmbedOptions, Embedder } from './embedder.ts'

/** One text's vector, or the failure that left it without one. */
export type EmbeddedText = { readonly vector: readonly number[] } | { readonly failure: EmbedError }

/** Requests under way at once. */
const requestsAtOnce = 4

/**
 * Embeds each text on its own terms: a refused text or a failed request leaves the other texts
 * their vectors, and none is embedded twice. Returns one entry per text, in order; never rejects.
 * Costs as few requests as the embedder's limits allow. A refused request is halved until the
 * culprits stand alone.
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
    embedded[index] = await embedBatch(embedder, batch, options)
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
    return sizes?.reduce((sum, size) => sum + size, 0) === texts.length ? sizes : undefined
  } catch {
    return undefined
  }
}

async function embedBatch(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<EmbeddedText[]> {
  const embedded = await askFor(embedder, texts, options)
  if (embedded.isOk()) return embedded.value.map((vector) => ({ vector }))
  const failure = embedded.error
  if (texts.length === 1 || !isRefusalOfText(failure)) return texts.map(() => ({ failure }))
  const middle = Math.ceil(texts.length / 2)
  return [
    ...(await embedBatch(embedder, texts.slice(0, middle), options)),
    ...(await embedBatch(embedder, texts.slice(middle), options)),
  ]
}

/** A vector for each text, or a failure, whatever the embedder does. */
function askFor(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions,
): ResultAsync<readonly number[][], EmbedError> {
  const asked = { store: 'openai', operation: 'embed', who: 'the embedder' } as const
  return contained(asked, () => embedder.embed(texts, options)).andThen((vectors) =>
    vectors.length === texts.length ? ok(vectors) : err(miscounted(texts.length, vectors.length)),
  )
}

function miscounted(expected: number, received: number): StoreRefused {
  return {
    type: 'store-refused',
    store: 'openai',
    operation: 'embed',
    code: 'no-vectors',
    message: `embed: the embedder answered ${expected} texts with ${received} vectors`,
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
