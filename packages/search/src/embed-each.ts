import type { CallOptions } from '@headwater/core'
import type { EmbedError, Embedder } from './embedder.ts'

/**
 * What became of one text: its vector, or why it has none.
 */
export type EmbeddedText = { readonly vector: readonly number[] } | { readonly failure: EmbedError }

/**
 * Embeds texts so that one that the service refuses does not keep the others from their vectors: a refused batch is halved until the culprits
 * stand alone. One call for all when none is refused.
 */
export async function embedEach(embedder: Embedder, texts: readonly string[], options: CallOptions): Promise<EmbeddedText[]> {
  if (texts.length === 0) return []
  const embedded = await embedder.embed(texts, options)
  if (embedded.isOk()) return embedded.value.map((vector) => ({ vector }))
  const failure = embedded.error
  if (texts.length === 1 || !isRefusalOfText(failure)) return texts.map(() => ({ failure }))
  const middle = Math.ceil(texts.length / 2)
  return [...await embedEach(embedder, texts.slice(0, middle), options), ...await embedEach(embedder, texts.slice(middle), options)]
}

/**
 * Whether what was sent is at fault, rather than the service or how it is set up: trying again changes nothing then.
 */
export function isRefusalOfText(failure: { readonly type: string; readonly store?: string; readonly code?: string }): boolean {
  if (failure.type === 'invalid-input') return true
  if (failure.type !== 'store-refused') return false
  // Of PostgreSQL only values that it cannot hold (class 22); its other refusals speak of how it is set up.
  if (failure.store === 'postgres') return failure.code?.startsWith('22') === true
  return !['401', '402', '403', '404'].includes(failure.code ?? '')
}
