import { randomUUID } from 'node:crypto'
import { err, errAsync, notFound, ok, ResultAsync } from '@headwater/core'
import type { InvalidInput, Result, Sink, SqlError } from '@headwater/core'
import { CandidatesByGeneration } from './query/active-candidates.ts'
import { CourseIndex } from './upkeep/course-index.ts'
import type { IndexedCourse, IndexError } from './indexing/course-indexer.ts'
import { settingsOf } from './course-search-options.ts'
import type { CourseSearchOptions, CourseSearchSettings } from './course-search-options.ts'
import type { CandidateQuery } from './query/find-candidates.ts'
import { findPage } from './query/find-page.ts'
import type { FoundPage } from './query/find-page.ts'
import { pageToken, readPageToken } from './query/page-token.ts'
import type { PagePosition } from './query/page-token.ts'
import { plainWords } from './spelling/query-words.ts'
import { loggedHit } from './query/search-log.ts'
import { parseClick, parseSearch, parseSimilar, parseSuggest } from './query/search-request.ts'
import type {
  SearchOptions,
  SearchRequest,
  SimilarOptions,
  SuggestOptions,
} from './query/search-request.ts'
import type {
  FoundCourses,
  SearchError,
  SearchResult,
  SimilarError,
} from './query/search-result.ts'
import { Spelling } from './spelling/spelling.ts'
import { suggestCourses } from './spelling/suggest.ts'
import type { Suggestion, SuggestParts } from './spelling/suggest.ts'
import { indexSink } from './indexing/index-sink.ts'

/** The search over a catalogue of courses, and what keeps its index in step. */
export class CourseSearch {
  /** To be handed to `createRelay`: keeps the vector index in step with PostgreSQL. */
  readonly sinks: readonly Sink[]
  /** The vector index: its state, its repair, its generations. */
  readonly index: CourseIndex
  readonly #options: CourseSearchOptions
  readonly #candidates: CandidatesByGeneration
  readonly #suggesting: SuggestParts

  /** @internal */
  constructor(
    options: CourseSearchOptions,
    { generations, openIndex, legDeadlineMs, rankingOf, rerank }: CourseSearchSettings,
  ) {
    const { stores, courses } = options
    const spelling = new Spelling(stores)
    this.#options = options
    this.#candidates = new CandidatesByGeneration({
      stores,
      courses,
      generations,
      rankingOf,
      lexical: { stores, spelling },
      legDeadlineMs,
      rerank,
    })
    this.#suggesting = { stores, spelling, deadlineMs: legDeadlineMs }
    this.index = new CourseIndex({ stores, courses, generations, openIndex })
    this.sinks = [indexSink(this.index)]
  }

  /**
   * Finds courses by meaning and by words at once. What is shown is checked against PostgreSQL: a
   * course that was unpublished, deleted or taken out of the filters before the search began is not
   * in the result, cached or not. When one way of searching fails the other answers, and `degraded`
   * says so. Input that breaks a rule is `invalid-input`, and nothing is asked of any store.
   *
   * Cached, it costs 2 Redis round trips; otherwise one query of PostgreSQL beside one of the
   * vector index, 2 more of PostgreSQL where words are misspelt, and the embedder for a query that
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
   * Finds courses like one, best first and without it: near it in the vector index, and with words
   * of its title and category. As {@link CourseSearch.search}, but the embedder is not asked;
   * `not-found` when the course does not exist or is not published.
   */
  similar(courseId: number, options: SimilarOptions = {}): ResultAsync<FoundCourses, SimilarError> {
    return new ResultAsync(this.#similar(courseId, options))
  }

  /**
   * The courses that somebody who has typed this much may be looking for: their titles have words
   * that begin like these, in any order, and as a last resort words that are spelt like them. Read
   * from PostgreSQL: 1 round trip, 3 as a last resort. Never cached, never paid for.
   */
  suggest(
    prefix: string,
    options: SuggestOptions = {},
  ): ResultAsync<readonly Suggestion[], InvalidInput | SqlError> {
    const request = parseSuggest(prefix, options)
    return request.isErr()
      ? errAsync(request.error)
      : suggestCourses(this.#suggesting, request.value)
  }

  /**
   * Takes note of which course of a search was clicked, at once and without waiting for a store;
   * `position` is the hit's `rank`. A later click replaces an earlier one.
   */
  recordClick(searchId: string, courseId: number, position: number): Result<void, InvalidInput> {
    return parseClick({ searchId, courseId, position }).map((click) => {
      this.#note((log) => log.recordClick?.(click))
    })
  }

  /**
   * Brings the index in step with one course now: stored when it is published, removed when it is
   * not. The sink does so by itself; this is for whoever cannot wait. `not-found` when there is no
   * such course, which is removed then.
   */
  indexCourse(courseId: number): ResultAsync<IndexedCourse, IndexError> {
    return this.index.indexCourse(courseId)
  }

  /**
   * Removes a course from the vector index until it changes or is indexed again. To take it out of
   * the results, unpublish it.
   */
  unindexCourse(courseId: number): ResultAsync<void, IndexError> {
    return this.index.unindexCourse(courseId)
  }

  async #search(text: string, options: SearchOptions): Promise<Result<SearchResult, SearchError>> {
    const parsed = parseSearch(text, options)
    if (parsed.isErr()) return err(parsed.error)
    const { query, filters, limit, page } = parsed.value
    const question = [query, filters]
    const position = page === undefined ? ok(undefined) : readPageToken(question, page)
    if (position.isErr()) return err(position.error)
    const found = await this.#find({ query, filters }, limit, position.value)
    if (found.isErr()) return err(found.error)
    const { courses, next } = found.value
    const result = {
      ...courses,
      searchId: randomUUID(),
      ...(next === undefined ? {} : { nextPage: pageToken(question, next) }),
    }
    this.#log(parsed.value, result)
    return ok(result)
  }

  async #similar(
    courseId: number,
    options: SimilarOptions,
  ): Promise<Result<FoundCourses, SimilarError>> {
    const parsed = parseSimilar(courseId, options)
    if (parsed.isErr()) return err(parsed.error)
    const { courseId: like, filters, limit } = parsed.value
    const read = await this.#options.courses.getMany([like])
    if (read.isErr()) return err(read.error)
    const course = read.value.get(like)
    if (course?.isPublished !== true) return err(notFound('course', like))
    const words = plainWords(`${course.title} ${course.category ?? ''}`.toLowerCase())
    const found = await this.#find({ query: words.join(' '), filters, like }, limit, undefined)
    return found.map(({ courses }) => courses)
  }

  async #find(
    wanted: Omit<CandidateQuery, 'depth'>,
    limit: number,
    position: PagePosition | undefined,
  ): Promise<
    Result<{ readonly courses: FoundCourses; readonly next: PagePosition | undefined }, SearchError>
  > {
    const { clock, diagnostics } = this.#options.stores
    const [startedMs, startedAtMs] = [clock.monotonic(), clock.now()]
    const page = await findPage(
      { candidates: await this.#candidates.current(), courses: this.#options.courses },
      { wanted, limit, position },
    )
    if (page.isErr()) return err(page.error)
    const { hits, next, candidates } = page.value
    const [mode, durationMs, isCached] = [
      modeOf(candidates),
      clock.monotonic() - startedMs,
      candidates.askedAtMs < startedAtMs,
    ]
    diagnostics.emit('search:answered', {
      mode,
      cached: isCached,
      results: hits.length,
      durationMs,
    })
    return ok({
      courses: { hits, mode, degraded: candidates.degraded, durationMs, isCached },
      next,
    })
  }

  #log({ query, userId }: SearchRequest, { searchId, hits, mode, durationMs }: SearchResult): void {
    this.#note((log) =>
      log.logSearch({
        searchId,
        userId,
        query,
        resultsCount: hits.length,
        searchType: mode,
        durationMs,
        hits: hits.map(loggedHit),
      }),
    )
  }

  /** The log never keeps a searcher waiting and never fails a search. */
  #note(take: (log: NonNullable<CourseSearchOptions['activity']>) => unknown): void {
    const { activity, stores } = this.#options
    try {
      if (activity !== undefined) take(activity)
    } catch (error) {
      stores.diagnostics.emit('activity:dropped', {
        count: 1,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }
}

/**
 * Makes the search over the courses.
 *
 * @throws TypeError when there is no index: neither `index` nor stores that were connected with
 *   Pinecone; when an option breaks a rule; and when the index and the embedder differ in their
 *   dimensions.
 * @example
 * ```ts
 * const search = createCourseSearch({ stores, courses, activity, embedder: openaiEmbedder({ apiKey }) })
 * const relay = createRelay(stores, { sinks: [...repositories.sinks, ...search.sinks] })
 * ```
 */
export function createCourseSearch(options: CourseSearchOptions): CourseSearch {
  return new CourseSearch(options, settingsOf(options))
}

function modeOf({ legs }: FoundPage['candidates']): SearchResult['mode'] {
  if (legs.length === 2) return 'hybrid'
  return legs.includes('dense') ? 'semantic' : 'lexical'
}
