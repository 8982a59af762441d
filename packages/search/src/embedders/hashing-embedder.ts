import {
  checkOptions,
  errAsync,
  hash32,
  invalidField,
  okAsync,
  once,
  option,
  strictOptions,
} from '@headwater/core'
import type { Embedder } from './embedder.ts'
import { textFeatures } from './text-features.ts'

/** Options of {@link hashingEmbedder}. */
export interface HashingEmbedderOptions {
  /**
   * Length of the vectors.
   *
   * @defaultValue `1536`
   */
  readonly dimensions?: number
}

/** The defaults of {@link HashingEmbedderOptions}. */
export const hashingEmbedderDefaults = { dimensions: 1536 } as const

const rules = once(() => strictOptions<HashingEmbedderOptions>({ dimensions: option.count() }))

/**
 * Embeds without a model, a network or randomness: equal texts get equal vectors on every machine,
 * and texts that share words, stems or spellings are near each other. It does not understand
 * meaning: for tests, demos and development, not for production search.
 *
 * Words, pairs of words and character trigrams are hashed into signed buckets, weighted by 1 +
 * ln(frequency) (the hashing trick of Weinberger et al., 2009). Time is linear in the length of the
 * text.
 *
 * @throws InvalidOptions when `dimensions` is not a positive integer.
 * @example
 * ```ts
 * const embedder = hashingEmbedder()
 * const [vector] = orThrow(await embedder.embed(['machine learning fundamentals']))
 * ```
 */
export function hashingEmbedder(options: HashingEmbedderOptions = {}): Embedder {
  const { dimensions } = checkOptions('hashingEmbedder', rules(), {
    ...hashingEmbedderDefaults,
    ...options,
  })
  return {
    profile: { model: 'headwater-hashing-2', dimensions },
    embed(texts) {
      const empty = texts.indexOf('')
      return empty === -1
        ? okAsync(texts.map((text) => embedText(text, dimensions)))
        : errAsync(invalidField(`texts[${empty}]`, 'must not be empty'))
    },
  }
}

function embedText(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0)
  for (const [feature, weight] of textFeatures(text)) {
    const hash = hash32(feature)
    const bucket = (hash >>> 1) % dimensions
    vector[bucket] = (vector[bucket] ?? 0) + (hash & 1 ? weight : -weight)
  }
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  // Features of opposite sign may cancel out, and a vector without direction is not comparable.
  if (norm === 0) return vector.with(hash32(text) % dimensions, 1)
  return vector.map((value) => value / norm)
}
