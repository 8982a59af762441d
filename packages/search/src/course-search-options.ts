import type { Stores } from '@headwater/core'
import { generationOf } from './indexing/course-document.ts'
import { courseTemplate } from './indexing/course-template.ts'
import type { CourseTemplate } from './indexing/course-template.ts'
import type { Embedder, EmbedderRanking } from './embedders/embedder.ts'
import { Generations } from './indexing/generations.ts'
import type { Generation } from './indexing/generations.ts'
import type { CourseReader } from './course-reader.ts'
import type { OpenIndex } from './upkeep/index-generations.ts'
import { pineconeIndex } from './vectors/pinecone-index.ts'
import { rerankDefaults } from './query/rerank.ts'
import type { RerankOptions } from './query/rerank.ts'
import type { SearchLog } from './query/search-log.ts'
import type { VectorIndex } from './vectors/vector-index.ts'

/** Options of {@link createCourseSearch}. */
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
   * What is embedded of a course.
   *
   * @defaultValue title, category, difficulty and description
   */
  readonly template?: CourseTemplate
  /**
   * The embedder, and the template, before these: queries use it until the index of the new ones is
   * filled and activated. Wanted only where `index` opens one per generation.
   *
   * @defaultValue none
   */
  readonly former?: FormerEmbedding
  /**
   * Where the vectors are: how the index of a generation is opened, or one index. Then there are no
   * generations: a change of the embedder is a new index, or leaves nothing to be found by meaning
   * until every course is indexed again.
   *
   * @defaultValue the stores' Pinecone index, in a namespace for each generation
   */
  readonly index?: VectorIndex | OpenIndex
  /**
   * Time each way of searching has, in milliseconds: one that fails or is late is gone without.
   *
   * @defaultValue `2_000`
   */
  readonly legDeadlineMs?: number
  /**
   * The cosine similarity from which on a course counts as found by meaning: keeps nonsense from
   * having results. Depends on the model.
   *
   * @defaultValue the embedder's own, or else `0.1`
   */
  readonly minSimilarity?: number
  /**
   * What a place in the ranking by meaning is worth, against 1 for the same place in the ranking by
   * words.
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

/** What vectors were made with before. */
export interface FormerEmbedding {
  /** Embedded courses and queries. */
  readonly embedder: Embedder
  /**
   * What was embedded of a course.
   *
   * @defaultValue title, category, difficulty and description
   */
  readonly template?: CourseTemplate
}

/** The defaults of {@link CourseSearchOptions}. */
export const courseSearchDefaults = {
  legDeadlineMs: 2_000,
  minSimilarity: 0.1,
  denseWeight: 1,
} as const

/** Options that have passed the checks, with nothing left to default. */
export interface CourseSearchSettings {
  readonly generations: Generations
  readonly openIndex: OpenIndex | undefined
  readonly legDeadlineMs: number
  readonly rankingOf: (generation: Generation) => {
    readonly minSimilarity: number
    readonly denseWeight: number
  }
  readonly rerank: RerankOptions | undefined
}

/**
 * Checks the options.
 *
 * @throws TypeError naming the rule that is broken and what was received.
 */
export function settingsOf(options: CourseSearchOptions): CourseSearchSettings {
  const { ranking } = options.embedder
  const { legDeadlineMs, minSimilarity, denseWeight, rerank } = {
    ...courseSearchDefaults,
    ...ranking,
    rerank: undefined,
    ...options,
  }
  check({ name: 'legDeadlineMs', value: legDeadlineMs, from: 1, to: 60_000 })
  check({ name: 'minSimilarity', value: minSimilarity, from: -1, to: 1 })
  check({ name: 'denseWeight', value: denseWeight, from: 0, to: 100 })
  check({ name: 'rerank.top', value: rerank?.top ?? rerankDefaults.top, from: 1, to: 200 })
  check({
    name: 'rerank.deadlineMs',
    value: rerank?.deadlineMs ?? rerankDefaults.deadlineMs,
    from: 1,
    to: 60_000,
  })
  const rankingOf = ({ embedder }: Generation) => ({
    minSimilarity,
    denseWeight,
    ...(embedder === options.embedder ? {} : { ...embedder.ranking, ...explicitRanking(options) }),
  })
  return { ...generationsOf(options), legDeadlineMs, rankingOf, rerank }
}

/** What the host has said counts for every embedder. */
function explicitRanking({
  minSimilarity,
  denseWeight,
}: CourseSearchOptions): Partial<EmbedderRanking> {
  return {
    ...(minSimilarity === undefined ? {} : { minSimilarity }),
    ...(denseWeight === undefined ? {} : { denseWeight }),
  }
}

function generationsOf(
  options: CourseSearchOptions,
): Pick<CourseSearchSettings, 'generations' | 'openIndex'> {
  const { stores, index, former } = options
  const openIndex = typeof index === 'function' ? index : pineconeByGeneration(stores)
  if (typeof index === 'object' && former !== undefined)
    throw new TypeError('createCourseSearch: former needs an index per generation, not one index')
  const generation = ({ embedder, template = courseTemplate }: FormerEmbedding): Generation => {
    const { profile } = embedder
    const name = generationOf(profile, template)
    const opened = typeof index === 'object' ? index : openIndex({ name, profile })
    if (opened.dimensions !== profile.dimensions)
      throw new TypeError(
        `createCourseSearch: the index has ${opened.dimensions} dimensions, the embedder ${profile.dimensions}`,
      )
    return { name, embedder, template, index: opened }
  }
  const isOnly = typeof index === 'object'
  const generations = new Generations(stores, {
    own: generation(options),
    former: former && generation(former),
    isOnly,
  })
  return { generations, openIndex: isOnly ? undefined : openIndex }
}

function pineconeByGeneration(stores: Stores): OpenIndex {
  return ({ name, profile }) =>
    pineconeIndex(stores, { namespace: `courses-${name}`, dimensions: profile.dimensions })
}

function check({
  name,
  value,
  from,
  to,
}: {
  readonly name: string
  readonly value: number
  readonly from: number
  readonly to: number
}): void {
  if (!(value >= from && value <= to))
    throw new TypeError(`createCourseSearch: ${name} is from ${from} to ${to}: got ${value}`)
}
