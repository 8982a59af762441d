import type { Stores } from '@headwater/core'
import { generationOf } from './course-document.ts'
import type { Embedder } from './embedder.ts'
import type { CourseReader } from './hydrate.ts'
import { pineconeIndex } from './pinecone-index.ts'
import { rerankDefaults } from './rerank.ts'
import type { RerankOptions } from './rerank.ts'
import type { SearchLog } from './search-log.ts'
import type { VectorIndex } from './vector-index.ts'

/**
 * Options of {@link createCourseSearch}.
 */
export interface CourseSearchOptions {
  /** The connected stores. */
  readonly stores: Stores
  /** Where courses are read; what it says is what is shown. */
  readonly courses: CourseReader
  /** Where searches are logged; absent: nowhere. */
  readonly activity?: SearchLog
  /** Embeds courses and queries. */
  readonly embedder: Embedder
  /**
   * Where the vectors are.
   *
   * @defaultValue the stores' Pinecone index, in a namespace of the embedder's own
   */
  readonly index?: VectorIndex
  /**
   * Time each way of searching has, in milliseconds: one that fails or is late is gone without.
   *
   * @defaultValue `2_000`
   */
  readonly legDeadlineMs?: number
  /**
   * The cosine similarity from which on a course counts as found by meaning: keeps nonsense from having results. Depends on the model.
   *
   * @defaultValue the embedder's own, or else `0.1`
   */
  readonly minSimilarity?: number
  /**
   * What a place in the ranking by meaning is worth, against 1 for the same place in the ranking by words.
   *
   * @defaultValue the embedder's own, or else `1`
   */
  readonly denseWeight?: number
  /**
   * A second look at the best courses of each search.
   *
   * @defaultValue none
   */
  readonly rerank?: RerankOptions
}

/** The defaults of {@link CourseSearchOptions}. */
export const courseSearchDefaults = { legDeadlineMs: 2_000, minSimilarity: 0.1, denseWeight: 1 } as const

/**
 * Options that have passed the checks, with nothing left to default.
 */
export interface CourseSearchSettings {
  readonly index: VectorIndex
  readonly generation: string
  readonly legDeadlineMs: number
  readonly minSimilarity: number
  readonly denseWeight: number
  readonly rerank: RerankOptions | undefined
}

/**
 * Checks the options.
 *
 * @throws TypeError naming the rule that is broken and what was received.
 */
export function settingsOf(options: CourseSearchOptions): CourseSearchSettings {
  const { profile, ranking } = options.embedder
  const { legDeadlineMs, minSimilarity, denseWeight, rerank } = { ...courseSearchDefaults, ...ranking, rerank: undefined, ...options }
  check({ name: 'legDeadlineMs', value: legDeadlineMs, from: 1, to: 60_000 })
  check({ name: 'minSimilarity', value: minSimilarity, from: -1, to: 1 })
  check({ name: 'denseWeight', value: denseWeight, from: 0, to: 100 })
  check({ name: 'rerank.top', value: rerank?.top ?? rerankDefaults.top, from: 1, to: 200 })
  check({ name: 'rerank.deadlineMs', value: rerank?.deadlineMs ?? rerankDefaults.deadlineMs, from: 1, to: 60_000 })
  const generation = generationOf(profile)
  const index = options.index ?? pineconeIndex(options.stores, { namespace: `courses-${generation}`, dimensions: profile.dimensions })
  if (index.dimensions !== profile.dimensions) throw new TypeError(`createCourseSearch: the index has ${index.dimensions} dimensions, the embedder ${profile.dimensions}`)
  return { index, generation, legDeadlineMs, minSimilarity, denseWeight, rerank }
}

function check({ name, value, from, to }: { readonly name: string; readonly value: number; readonly from: number; readonly to: number }): void {
  if (!(value >= from && value <= to)) throw new TypeError(`createCourseSearch: ${name} is from ${from} to ${to}: got ${value}`)
}
