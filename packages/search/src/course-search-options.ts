import { checkOptions, invalidOption, isRowId, once, option, strictOptions } from '@headwater/core'
import type { Stores } from '@headwater/core'
import * as z from 'zod/mini'
import type { CourseReader } from './course-reader.ts'
import type { Embedder } from './embedders/embedder.ts'
import { Calibrations } from './indexing/calibrations.ts'
import { generationOf } from './indexing/course-document.ts'
import { courseTemplate } from './indexing/course-template.ts'
import type { CourseTemplate } from './indexing/course-template.ts'
import { Generations } from './indexing/generations.ts'
import type { Generation } from './indexing/generations.ts'
import { querySuggestionRules } from './query/asked/query-suggestion-options.ts'
import type { QuerySuggestionOptions } from './query/asked/query-suggestion-options.ts'
import type { GivenRanking } from './query/fusion/merge-legs.ts'
import { maxPinned, pinsOf } from './query/pages/pins.ts'
import type { Pin, Pins } from './query/pages/pins.ts'
import type { RerankOptions } from './query/rerank.ts'
import type { SearchLog } from './query/search-log.ts'
import { Synonyms } from './spelling/synonyms.ts'
import type { SynonymOptions } from './spelling/synonyms.ts'
import type { OpenIndex } from './upkeep/index-generations.ts'
import { containedIndex } from './vectors/contained-index.ts'
import { pineconeIndex } from './vectors/pinecone-index.ts'
import type { VectorIndex } from './vectors/vector-index.ts'

/** Options of {@link createCourseSearch}. */
export interface CourseSearchOptions {
  /** Reads courses; every hit is checked against it. */
  readonly courses: CourseReader
  /**
   * Logs searches and clicks.
   *
   * @defaultValue none
   */
  readonly activity?: SearchLog
  /** Embeds courses and queries. */
  readonly embedder: Embedder
  /**
   * Makes the text of a course that is embedded.
   *
   * @defaultValue title, category, difficulty and description
   */
  readonly template?: CourseTemplate
  /**
   * The previous embedder and template: queries use them until the index of the new ones is filled
   * and activated. Only for an `index` that opens one per generation.
   *
   * @defaultValue none
   */
  readonly former?: FormerEmbedding
  /**
   * The index of the vectors: a function that opens one for each generation, or a single index. A
   * single one has no generations: a new embedder needs a new index, or nothing is found by meaning
   * until every course is indexed again.
   *
   * @defaultValue the Pinecone index of the stores, in a namespace for each generation
   */
  readonly index?: VectorIndex | OpenIndex
  /**
   * The time each leg has, in milliseconds. The search does without a leg that is late or fails.
   *
   * @defaultValue `2_000`
   */
  readonly legDeadlineMs?: number
  /**
   * The least cosine similarity of a course that is found by meaning alone; it keeps nonsense from
   * having results. Depends on the model.
   *
   * @defaultValue the embedder's own, or else measured: what texts without a meaning never exceed
   */
  readonly minSimilarity?: number
  /**
   * The weight of a rank by meaning, where the same rank by words has 1: with it, the legs are
   * merged by their ranks.
   *
   * @defaultValue the embedder's own, or else none: the legs are merged by what they find
   */
  readonly denseWeight?: number
  /**
   * Words that mean the same: `{ js: ['javascript'], ml: ['machine learning'] }`. A course that has
   * a synonym has the word, slightly below those that have the word itself. Quoted words have no
   * synonyms, and neither have those behind a minus. At most 1,000 terms of 1 to 8 words, each with
   * 1 to 20 others.
   *
   * @defaultValue none
   */
  readonly synonyms?: SynonymOptions
  /**
   * Courses that come first for a query, in the order by relevance, unless they are not published
   * or do not pass the filters: `[{ query: 'python', courseIds: [5, 7] }]`. At most 1,000 queries.
   *
   * @defaultValue none
   */
  readonly pins?: readonly Pin[]
  /**
   * Reorders the best courses of each search.
   *
   * @defaultValue none
   */
  readonly rerank?: RerankOptions
  /** Which queries `suggestQueries` may suggest. */
  readonly querySuggestions?: QuerySuggestionOptions
}

/** The embedder and the template of earlier vectors. */
export interface FormerEmbedding {
  /** The embedder of courses and queries. */
  readonly embedder: Embedder
  /**
   * The template of the embedded text.
   *
   * @defaultValue title, category, difficulty and description
   */
  readonly template?: CourseTemplate
}

/** The defaults of {@link CourseSearchOptions}. */
export const courseSearchDefaults = { legDeadlineMs: 2_000 } as const

/** Checked options, with every default filled in. */
export interface CourseSearchSettings {
  readonly generations: Generations
  readonly calibrations: Calibrations
  readonly openIndex: OpenIndex | undefined
  readonly legDeadlineMs: number
  /** The ranking that the host or the embedder has set. */
  readonly rankingOf: (generation: Generation) => GivenRanking
  readonly rerank: RerankOptions | undefined
  readonly synonyms: Synonyms | undefined
  readonly pins: Pins
}

const named = 'createCourseSearch'
const deadlineMs = once(() =>
  z
    .number()
    .check(z.minimum(1, 'expected 1 ms or more'), z.maximum(60_000, 'expected at most 60000')),
)
const pin = once(() =>
  strictOptions<Pin>({
    query: option.text().check(z.maxLength(500, 'expected at most 500 characters')),
    courseIds: z
      .array(
        z
          .int('expected the id of a course')
          .check(z.refine(isRowId, 'expected the id of a course')),
        'expected a list of courses',
      )
      .check(
        z.minLength(1, 'expected a course'),
        z.maxLength(maxPinned, `expected at most ${maxPinned}`),
      ),
  }),
)
const rules = once(() =>
  strictOptions<CourseSearchOptions>({
    courses: option.object(),
    activity: z.optional(option.object()),
    embedder: option.object(),
    template: z.optional(option.object()),
    former: z.optional(option.object()),
    index: z.optional(z.union([option.function(), option.object()])),
    legDeadlineMs: deadlineMs(),
    minSimilarity: z.optional(
      z.number().check(z.minimum(-1, 'expected -1 or more'), z.maximum(1, 'expected 1 or less')),
    ),
    denseWeight: z.optional(
      z.number().check(z.minimum(0, 'expected 0 or more'), z.maximum(100, 'expected 100 or less')),
    ),
    synonyms: z.optional(option.object()),
    pins: z.optional(
      z
        .array(pin(), 'expected a list of pins')
        .check(z.maxLength(1_000, 'expected at most 1000 queries')),
    ),
    querySuggestions: z.optional(querySuggestionRules()),
    rerank: z.optional(
      strictOptions<RerankOptions>({
        rank: option.function(),
        top: z.optional(option.count().check(z.maximum(200, 'expected 200 or less'))),
        deadlineMs: z.optional(deadlineMs()),
      }),
    ),
  }),
)

/**
 * Checks the options and fills in the defaults.
 *
 * @throws InvalidOptions that names the option, the rule and the value.
 */
export function settingsOf(stores: Stores, options: CourseSearchOptions): CourseSearchSettings {
  const { legDeadlineMs, rerank } = checkOptions(named, rules(), {
    ...courseSearchDefaults,
    ...options.embedder.ranking,
    rerank: undefined,
    ...options,
  })
  const rankingOf = ({ embedder }: Generation): GivenRanking => ({
    ...embedder.ranking,
    ...explicitRanking(options),
  })
  const calibrations = new Calibrations(stores)
  return {
    ...wordsOf(options),
    ...generationsOf(stores, options),
    calibrations,
    legDeadlineMs,
    rankingOf,
    rerank,
  }
}

function wordsOf({
  synonyms,
  pins = [],
}: CourseSearchOptions): Pick<CourseSearchSettings, 'synonyms' | 'pins'> {
  const complain = (name: string, rule: string, value: unknown): Error =>
    invalidOption(named, name, rule, value)
  return {
    synonyms: isEmpty(synonyms) ? undefined : new Synonyms(synonyms, complain),
    pins: pinsOf(pins, complain),
  }
}

function isEmpty(synonyms: SynonymOptions | undefined): synonyms is undefined {
  return synonyms === undefined || Object.keys(synonyms).length === 0
}

/** The ranking that the host has set; it holds for every embedder. */
function explicitRanking({ minSimilarity, denseWeight }: CourseSearchOptions): GivenRanking {
  return {
    ...(minSimilarity === undefined ? {} : { minSimilarity }),
    ...(denseWeight === undefined ? {} : { denseWeight }),
  }
}

function generationsOf(
  stores: Stores,
  options: CourseSearchOptions,
): Pick<CourseSearchSettings, 'generations' | 'openIndex'> {
  const { index, former } = options
  const openIndex = typeof index === 'function' ? index : pineconeByGeneration(stores)
  if (typeof index === 'object' && former !== undefined)
    throw invalidOption(named, 'former', 'expected with an index per generation only', former)
  const generation = ({ embedder, template = courseTemplate }: FormerEmbedding): Generation => {
    const { profile } = embedder
    const name = generationOf(profile, template)
    const opened = typeof index === 'object' ? index : openIndex({ name, profile })
    if (opened.dimensions !== profile.dimensions)
      throw invalidOption(
        named,
        'index.dimensions',
        `expected the ${profile.dimensions} of the embedder`,
        opened.dimensions,
      )
    return { name, embedder, template, index: containedIndex(opened) }
  }
  const isOnly = typeof index === 'object'
  const generations = new Generations(stores, {
    own: generation(options),
    former: former && generation(former),
    isOnly,
  })
  return {
    generations,
    openIndex: isOnly ? undefined : (wanted) => containedIndex(openIndex(wanted)),
  }
}

function pineconeByGeneration(stores: Stores): OpenIndex {
  return ({ name, profile }) =>
    pineconeIndex(stores, { namespace: `courses-${name}`, dimensions: profile.dimensions })
}
