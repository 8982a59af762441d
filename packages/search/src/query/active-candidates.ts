import { CandidateCache } from './candidate-cache.ts'
import type { Generation, Generations } from '../indexing/generations.ts'
import type { CandidateParts } from './find-candidates.ts'
import { QueryEmbeddings } from './query-embeddings.ts'

/** What candidates of every generation have in common, and how each is ranked. */
export interface CandidatesByGenerationParts extends Omit<CandidateParts, 'dense' | 'denseWeight'> {
  readonly generations: Generations
  readonly rankingOf: (generation: Generation) => {
    readonly minSimilarity: number
    readonly denseWeight: number
  }
}

/**
 * The candidates of the active generation: queries are embedded under its profile and looked for in
 * its index.
 */
export class CandidatesByGeneration {
  readonly #parts: CandidatesByGenerationParts
  readonly #caches = new Map<string, CandidateCache>()

  constructor(parts: CandidatesByGenerationParts) {
    this.#parts = parts
  }

  /**
   * The candidates of the generation that is active now, or was less than a second ago. Without its
   * embedder there are none by meaning.
   */
  async current(): Promise<CandidateCache> {
    const generation = await this.#parts.generations.active()
    const name = generation?.name ?? ''
    const cache = this.#caches.get(name) ?? this.#open(generation)
    this.#caches.set(name, cache)
    return cache
  }

  #open(generation: Generation | undefined): CandidateCache {
    const { stores, legDeadlineMs, rankingOf } = this.#parts
    if (generation === undefined)
      return new CandidateCache({ ...this.#parts, dense: undefined, denseWeight: 1 })
    const { minSimilarity, denseWeight } = rankingOf(generation)
    const embeddings = new QueryEmbeddings(stores, generation.embedder, legDeadlineMs)
    const dense = {
      embeddings,
      index: generation.index,
      generation: generation.name,
      minSimilarity,
      clock: stores.clock,
    }
    return new CandidateCache({ ...this.#parts, dense, denseWeight })
  }
}
