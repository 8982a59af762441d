import { deadline, err, ok, okAsync } from '@headwater/core'
import type { ResultAsync } from '@headwater/core'
import { CandidateCache } from './candidate-cache.ts'
import type { Calibrations } from '../indexing/calibrations.ts'
import type { Generation, Generations } from '../indexing/generations.ts'
import type { CandidateDeps } from './find-candidates.ts'
import type { SimilarityScale } from './fusion/fuse-by-evidence.ts'
import type { GivenRanking } from './fusion/merge-legs.ts'
import type { LegError } from './legs.ts'
import type { Languages, OtherConfigurations } from '../spelling/languages.ts'
import { QueryEmbeddings } from './query-embeddings.ts'

/** Dependencies of {@link ActiveCandidates}, shared by every generation. */
export interface ActiveCandidatesDeps extends Omit<CandidateDeps, 'dense' | 'given'> {
  readonly generations: Generations
  readonly calibrations: Calibrations
  readonly languages: Languages
  readonly rankingOf: (generation: Generation) => GivenRanking
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
   * The candidates of the generation that is active now, or was less than a second ago, in the
   * languages that the catalogue has. Without its embedder, nothing is found by meaning.
   */
  current(): CandidateCache | Promise<CandidateCache> {
    const active = this.#deps.generations.active()
    const others = this.#deps.languages.others()
    return active instanceof Promise || others instanceof Promise
      ? Promise.all([active, others]).then(([generation, all]) => this.#of(generation, all))
      : this.#of(active, others)
  }

  #of(generation: Generation | undefined, configurations: OtherConfigurations): CandidateCache {
    const { doubt } = this.#deps.languages
    const name = [generation?.name ?? '', String(doubt), ...configurations].join()
    const known = this.#caches.get(name)
    if (known !== undefined) return known
    const cache = this.#open(generation, { configurations, doubt })
    this.#caches.set(name, cache)
    return cache
  }

  #open(
    generation: Generation | undefined,
    languages: Pick<CandidateDeps['lexical'], 'configurations' | 'doubt'>,
  ): CandidateCache {
    const { stores, legDeadlineMs, rankingOf } = this.#deps
    const lexical = { ...this.#deps.lexical, ...languages }
    if (generation === undefined)
      return new CandidateCache({ ...this.#deps, lexical, dense: undefined, given: {} })
    const given = rankingOf(generation)
    const dense = {
      embeddings: new QueryEmbeddings(stores, generation.embedder, legDeadlineMs),
      index: generation.index,
      generation: generation.name,
      scale: (deadlineMs: number) => this.#scaleOf(generation, given, deadlineMs),
      clock: stores.clock,
    }
    return new CandidateCache({ ...this.#deps, lexical, dense, given })
  }

  /** A given floor is heeded, also where nothing can be measured; what is not given is measured. */
  #scaleOf(
    generation: Generation,
    { minSimilarity, denseWeight }: GivenRanking,
    ms: number,
  ): ResultAsync<SimilarityScale, LegError> {
    if (minSimilarity !== undefined && denseWeight !== undefined)
      return okAsync({ typical: minSimilarity, floor: minSimilarity })
    const measured = async () => await this.#deps.calibrations.of(generation)
    return deadline(measured, { ms, store: 'pinecone', operation: 'calibrate' })
      .andThen((calibration) => calibration)
      .map(({ typical, floor }) => ({
        typical: Math.min(typical, minSimilarity ?? typical),
        floor: minSimilarity ?? floor,
        ...(minSimilarity === undefined ? {} : { least: minSimilarity }),
      }))
      .orElse((error) => {
        if (minSimilarity === undefined) return err(error)
        this.#deps.stores.diagnostics.emit('search:degraded', { leg: 'dense', error })
        return ok({ typical: minSimilarity, floor: minSimilarity })
      })
  }
}
