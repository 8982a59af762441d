import { randomUUID } from 'node:crypto'
import { err, ok, ResultAsync } from '@headwater/core'
import type { InvalidInput, Result, Sink, Stores } from '@headwater/core'
import { CandidateCache } from './candidates.ts'
import type { Candidates } from './candidates.ts'
import { generationOf } from './course-document.ts'
import { CourseIndexer } from './course-indexer.ts'
import type { IndexedCourse, IndexError } from './course-indexer.ts'
import type { Embedder } from './embedder.ts'
import { hydrate } from './hydrate.ts'
import type { CourseReader, SearchHit } from './hydrate.ts'
import type { DegradedLeg, LegError } from './legs.ts'
import { pineconeIndex } from './pinecone-index.ts'
import { QueryEmbeddings } from './query-embeddings.ts'
import { isFindable } from './search-filters.ts'
import { parseSearch } from './search-request.ts'
import type { SearchOptions, SearchRequest } from './search-request.ts'
import { indexSink } from './sync-index.ts'
import type { VectorIndex } from './vector-index.ts'

/**
 * Where searches are logged: the activity of `@headwater/repositories`, or anything that takes note as it does, at once and without a store.
 */
export interface SearchLog {
  /** Takes note of a search. */
  logSearch(search: {
    readonly searchId: string
    readonly userId: number | undefined
    readonly query: string
    readonly resultsCount: number
    readonly searchType: string
    readonly durationMs: number
  }): unknown
}

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
   * @defaultValue `0.1`
   */
  readonly minSimilarity?: number
}

/** The defaults of {@link CourseSearchOptions}. */
export const courseSearchDefaults = { legDeadlineMs: 2_000, minSimilarity: 0.1 } as const

/**
 * What a search found.
 */
export interface SearchResult {
  /** The courses, best first. */
  readonly hits: readonly SearchHit[]
  /** Which ways of searching answered: both, by meaning alone, or by words alone. */
  readonly mode: 'hybrid' | 'semantic' | 'lexical'
  /** The ways of searching that failed and were gone without; empty when all is well. */
  readonly degraded: readonly DegradedLeg[]
  /** Names this search in the log; clicks refer to it. */
  readonly searchId: string
  /** How long it took, in milliseconds. */
  readonly durationMs: number
  /** Whether the ranking was in the cache. The courses are read anew in any case. */
  readonly isCached: boolean
}

/**
 * What can go wrong with a search. A store's failure means that no way of searching answered, or that the courses could not be read.
 */
export type SearchError = InvalidInput | LegError

/**
 * How many courses each leg is asked for: more than are shown, since PostgreSQL may deny some, and four times as many when it denied too many.
 */
const depths = { first: 50, last: 800 } as const

/**
 * The search over a catalogue of courses, and what keeps its index in step.
 */
export class CourseSearch {
  /** To be handed to `createRelay`: keeps the vector index in step with PostgreSQL. */
  readonly sinks: readonly Sink[]
  readonly #options: CourseSearchOptions
  readonly #candidates: CandidateCache
  readonly #indexer: CourseIndexer

  /** Made by {@link createCourseSearch}. */
  constructor(options: CourseSearchOptions, { index, legDeadlineMs, minSimilarity }: { readonly index: VectorIndex; readonly legDeadlineMs: number; readonly minSimilarity: number }) {
    const { stores, courses, embedder } = options
    const generation = generationOf(embedder.profile)
    const embeddings = new QueryEmbeddings(stores, embedder, legDeadlineMs)
    this.#options = options
    this.#candidates = new CandidateCache(stores, { embeddings, index, generation, minSimilarity, clock: stores.clock }, legDeadlineMs)
    this.#indexer = new CourseIndexer({ stores, courses, embedder, index, generation })
    this.sinks = [indexSink(this.#indexer)]
  }

  /**
   * Finds courses by meaning and by words at once. What is shown is checked against PostgreSQL: a course that was unpublished, deleted or taken
   * out of the filters before the search began is not in the result, cached or not. When one way of searching fails the other answers, and
   * `degraded` says so. Input that breaks a rule is `invalid-input`, and nothing is asked of any store.
   *
   * Cached, it costs 2 Redis round trips; otherwise one query of PostgreSQL beside one of the vector index, and the embedder for a query that
   * nobody has asked for a week.
   *
   * @example
   * ```ts
   * const { hits } = orThrow(await search.search('machine learning fundamentals', { category: 'AI/ML', limit: 10, userId }))
   * ```
   */
  search(query: string, options: SearchOptions = {}): ResultAsync<SearchResult, SearchError> {
    return new ResultAsync(this.#search(query, options))
  }

  /**
   * Brings the index in step with one course now: stored when it is published, removed when it is not. The sink does so by itself; this is for
   * whoever cannot wait. `not-found` when there is no such course, which is removed then.
   */
  indexCourse(courseId: number): ResultAsync<IndexedCourse, IndexError> {
    return this.#indexer.indexOne(courseId)
  }

  /**
   * Removes a course from the vector index until it changes or is indexed again. To take it out of the results, unpublish it.
   */
  unindexCourse(courseId: number): ResultAsync<void, IndexError> {
    return this.#indexer.removeOne(courseId)
  }

  async #search(query: string, options: SearchOptions): Promise<Result<SearchResult, SearchError>> {
    const { clock, diagnostics } = this.#options.stores
    const [startedMs, startedAtMs] = [clock.monotonic(), clock.now()]
    const request = parseSearch(query, options)
    if (request.isErr()) return err(request.error)
    const answer = await this.#answer(request.value)
    if (answer.isErr()) return err(answer.error)
    const { hits, candidates } = answer.value
    const result: SearchResult = {
      hits,
      mode: modeOf(candidates),
      degraded: candidates.degraded,
      searchId: randomUUID(),
      durationMs: clock.monotonic() - startedMs,
      isCached: candidates.askedAtMs < startedAtMs,
    }
    diagnostics.emit('search:answered', { mode: result.mode, cached: result.isCached, results: hits.length, durationMs: result.durationMs })
    this.#log(request.value, result)
    return ok(result)
  }

  async #answer({ query, filters, limit }: SearchRequest): Promise<Result<Answer, SearchError>> {
    for (let depth = limit <= depths.first / 2 ? depths.first : depths.first * 4; ; depth *= 4) {
      const candidates = await this.#candidates.get({ query, filters, depth })
      if (candidates.isErr()) return err(candidates.error)
      const hits = await hydrate(candidates.value.found, { courses: this.#options.courses, isFindable: (course) => isFindable(course, filters), limit })
      if (hits.isErr()) return err(hits.error)
      const isEnough = hits.value.length >= limit || !candidates.value.mayHaveMore || depth >= depths.last
      if (isEnough) return ok({ hits: hits.value, candidates: candidates.value })
    }
  }

  /** The log never keeps a searcher waiting and never fails a search. */
  #log({ query, userId }: SearchRequest, { searchId, hits, mode, durationMs }: SearchResult): void {
    try {
      this.#options.activity?.logSearch({ searchId, userId, query, resultsCount: hits.length, searchType: mode, durationMs })
    } catch (error) {
      this.#options.stores.diagnostics.emit('activity:dropped', { count: 1, reason: error instanceof Error ? error.message : String(error) })
    }
  }
}

interface Answer {
  readonly hits: readonly SearchHit[]
  readonly candidates: Candidates
}

/**
 * Makes the search over the courses.
 *
 * @throws TypeError when there is no index: neither `index` nor stores that were connected with Pinecone; when an option breaks a rule; and
 * when the index and the embedder differ in their dimensions.
 * @example
 * ```ts
 * const search = createCourseSearch({ stores, courses, activity, embedder: openaiEmbedder({ apiKey }) })
 * const relay = createRelay(stores, { sinks: [...repositories.sinks, ...search.sinks] })
 * ```
 */
export function createCourseSearch(options: CourseSearchOptions): CourseSearch {
  const { profile } = options.embedder
  const { legDeadlineMs, minSimilarity } = { ...courseSearchDefaults, ...options }
  if (!(legDeadlineMs >= 1 && legDeadlineMs <= 60_000)) throw new TypeError(`createCourseSearch: legDeadlineMs is from 1 to 60000: got ${legDeadlineMs}`)
  if (!(minSimilarity >= -1 && minSimilarity <= 1)) throw new TypeError(`createCourseSearch: minSimilarity is from -1 to 1: got ${minSimilarity}`)
  const index = options.index ?? pineconeIndex(options.stores, { namespace: `courses-${generationOf(profile)}`, dimensions: profile.dimensions })
  if (index.dimensions !== profile.dimensions) throw new TypeError(`createCourseSearch: the index has ${index.dimensions} dimensions, the embedder ${profile.dimensions}`)
  return new CourseSearch(options, { index, legDeadlineMs, minSimilarity })
}

function modeOf({ legs }: Candidates): SearchResult['mode'] {
  if (legs.length === 2) return 'hybrid'
  return legs.includes('dense') ? 'semantic' : 'lexical'
}
