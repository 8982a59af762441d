import { CandidateCache } from './candidate-cache.ts'
import type { Generation, Generations } from '../indexing/generations.ts'
import type { CandidateDeps } from './find-candidates.ts'
import { QueryEmbeddings } from './query-embeddings.ts'

/** Dependencies of {@link ActiveCandidates}, shared by every generation. */
export interface ActiveCandidatesDeps extends Omit<CandidateDeps, 'dense' | 'denseWeight'> {
  readonly generations: Generations
  readonly rankingOf: (generation: Generation) => {
    readonly minSimilarity: number
    readonly denseWeight: number
  }
}

/**
 * Candidates of the active generation: queries are embedded by its embedder and searched in its
 * index.
 */
export class ActiveCandidates {
  readonly #deps: ActiveCandidatesDeps
  readonly #caches = new Map<string, CandidateCache>()

  constructor(deps: ActiveCandidatesDeps) {
    this.#deps = deps
  }

  /**
   * The candidates of the generation that is active now, or was less than a second ago. Without its
   * embedder, nothing is found by meaning.
   */
  async current(): Promise<CandidateCache> {
    const generation = await this.#deps.generations.active()
    const name = generation?.name ?? ''
    const cache = this.#caches.get(name) ?? this.#open(generation)
    this.#caches.set(name, cache)
    return cache
  }

  #open(generation: Generation | undefined): CandidateCache {
    const { stores, legDeadlineMs, rankingOf } = this.#deps
    if (generation === undefined)
      return new CandidateCache({ ...this.#deps, dense: undefined, denseWeight: 1 })
    const { minSimilarity, denseWeight } = rankingOf(generation)
    const embeddings = new QueryEmbeddings(stores, generation.embedder, legDeadlineMs)
    const dense = {
      embeddings,
      index: generation.index,
      generation: generation.name,
      minSimilarity,
      clock: stores.clock,
    }
    return new CandidateCache({ ...this.#deps, dense, denseWeight })
  }
}
