import { randomUUID } from 'node:crypto'
import { err, notFound, ok, ResultAsync, unlessAborted } from '@headwater/core'
import type { InvalidInput, NamedOperation, Result, Sink, SqlError } from '@headwater/core'
import type { Resyncable, StoreError, Stores } from '@headwater/core'
import type { CourseReader } from './course-reader.ts'
import { settingsOf } from './course-search-options.ts'
import type { CourseSearchOptions, CourseSearchSettings } from './course-search-options.ts'
import { indexSink } from './indexing/index-sink.ts'
import { QuerySuggestions } from './query/asked/query-suggestions.ts'
import type { QueriesRefreshed, QuerySuggestion } from './query/asked/query-suggestions.ts'
import { ActiveCandidates } from './query/active-candidates.ts'
import { CourseGuesses } from './query/pages/course-guesses.ts'
import { countFound } from './query/counts/count-found.ts'
import { meantBy, modeOf } from './query/find-candidates.ts'
import { findCourses } from './query/pages/find-courses.ts'
import type { FindCoursesDeps } from './query/pages/find-courses.ts'
import { decodeCursor, encodeCursor } from './query/pages/page-cursor.ts'
import type {
  CountOptions,
  SearchOptions,
  SimilarOptions,
  SuggestOptions,
} from './query/search-options.ts'
import {
  parseClick,
  parseCount,
  parseSearch,
  parseSimilar,
  parseSuggest,
} from './query/search-request.ts'
import type { CountRequest, SearchRequest, SimilarRequest } from './query/search-request.ts'
import type {
  FoundCourses,
  SearchCounts,
  SearchError,
  SearchResult,
  SimilarError,
} from './query/search-result.ts'
import { SearchRecorder } from './query/search-recorder.ts'
import { Languages } from './spelling/languages.ts'
import { markedText } from './spelling/search-text.ts'
import { WordSources } from './spelling/word-sources.ts'
import { Spelling } from './spelling/spelling.ts'
import { suggestCourses } from './spelling/suggest.ts'
import type { SuggestDeps, Suggestion } from './spelling/suggest.ts'
import { tracedSearch } from './traced-search.ts'
import { CourseIndex } from './upkeep/course-index.ts'
import { CourseWords } from './upkeep/course-words.ts'
import { indexResync } from './upkeep/index-resync.ts'

/** The search over a catalogue of courses, and the index behind it. */
export class CourseSearch {
  /** Sinks for `createRelay`: they keep the vector index in sync with PostgreSQL. */
  readonly sinks: readonly Sink[]
  /** The vector index: its state, its repair, its generations. */
  readonly index: CourseIndex
  /** The words of the courses, as searches by words read them. */
  readonly words: CourseWords
  /** Parts for `resync` and `rebuild`: the vector index. */
  readonly resyncables: readonly Resyncable[]
  readonly #stores: Stores
  readonly #courses: CourseReader
  readonly #finding: FindCoursesDeps
  readonly #recorder: SearchRecorder
  readonly #suggesting: SuggestDeps
  readonly #querySuggestions: QuerySuggestions

  /** @internal */
  constructor(stores: Stores, options: CourseSearchOptions, settings: CourseSearchSettings) {
    const { generations, calibrations, openIndex, legDeadlineMs, rankingOf, rerank } = settings
    const { courses } = options
    const [spelling, sources] = [new Spelling(stores), new WordSources(stores.clock)]
    const languages = new Languages(stores)
    const lexical = { stores, spelling, sources, synonyms: settings.synonyms }
    const shared = { stores, courses, generations, calibrations, rankingOf }
    this.#stores = stores
    this.#courses = courses
    this.#finding = {
      stores,
      candidates: new ActiveCandidates({ ...shared, languages, lexical, legDeadlineMs, rerank }),
      guesses: new CourseGuesses(courses),
      pins: settings.pins,
      synonyms: settings.synonyms,
      legDeadlineMs,
    }
    this.#recorder = new SearchRecorder(options.activity, stores)
    this.#suggesting = { ...lexical, languages, deadlineMs: legDeadlineMs }
    this.#querySuggestions = new QuerySuggestions(
      { stores, log: options.activity, deadlineMs: legDeadlineMs },
      options.querySuggestions,
    )
    this.index = new CourseIndex({ ...shared, openIndex })
    this.words = new CourseWords(stores)
    this.sinks = [indexSink(this.index)]
    this.resyncables = [indexResync(this.index, generations)]
  }

  /**
   * Finds courses by meaning and by words at once. Every hit is checked against PostgreSQL: a
   * course that was unpublished, deleted or moved out of the filters before the search began is not
   * in the result, cached or not. When one leg fails the other answers, and `degraded` says so. Bad
   * input is `invalid-input`, and no store is asked. A ranking that others may share is found and
   * cached even when the caller has aborted.
   *
   * A cached search costs 2 Redis round trips; 1 where this process has answered it of late, since
   * it then asks for the courses of that time at once. Any other costs one query of PostgreSQL
   * beside one of the vector index, 3 more of PostgreSQL when words are misspelt, and one call of
   * the embedder for a query that was not asked within a week. An order other than by relevance
   * costs 1 round trip of PostgreSQL more. With `explain` the ranking is never a cached one, and
   * courses of other pages are read: 1 round trip of Redis more. `highlights` cost 1 round trip of
   * PostgreSQL.
   *
   * @example
   * ```ts
   * const options = { category: 'AI/ML', limit: 10, userId }
   * const { hits } = orThrow(await search.search('machine learning fundamentals', options))
   * ```
   */
  search(query: string, options: SearchOptions = {}): ResultAsync<SearchResult, SearchError> {
    return parseSearch(query, options).asyncAndThen((request) =>
      unlessAborted(request, asked('search'), () => {
        const { tracing } = this.#stores.diagnostics
        return new ResultAsync(tracedSearch(tracing, () => this.#search(request)))
      }),
    )
  }

  /**
   * Counts the courses that {@link CourseSearch.search} finds with these filters on all its pages:
   * in all, and for each category, difficulty, instructor, language, band of prices, and with or
   * without seats, as if that one were chosen. Costs a cached search, or one that looks as deep as
   * the last page would, and 1 round trip of PostgreSQL; as much again, side by side, for each
   * filter on one of these. Pinned courses count, which orders other than `relevance` show only if
   * they are found.
   */
  count(query: string, options: CountOptions = {}): ResultAsync<SearchCounts, SearchError> {
    return parseCount(query, options).asyncAndThen((request) =>
      unlessAborted(request, asked('count'), () => new ResultAsync(this.#count(request))),
    )
  }

  /**
   * Finds courses similar to one, best first: its neighbours in the vector index, and courses with
   * words of its title and category. The course itself is left out. Works like {@link
   * CourseSearch.search}, without the embedder. `not-found`: no published course has this id.
   */
  similar(courseId: number, options: SimilarOptions = {}): ResultAsync<FoundCourses, SimilarError> {
    return parseSimilar(courseId, options).asyncAndThen((request) =>
      unlessAborted(request, asked('similar'), () => new ResultAsync(this.#similar(request))),
    )
  }

  /**
   * Completes a query while it is typed: courses whose titles have words that start with the typed
   * ones, in any order, or else words spelt like them. Reads PostgreSQL, never the cache: 1 round
   * trip, 3 when the spelling is corrected.
   */
  suggest(
    prefix: string,
    options: SuggestOptions = {},
  ): ResultAsync<readonly Suggestion[], InvalidInput | SqlError> {
    return parseSuggest(prefix, options).asyncAndThen((request) =>
      unlessAborted(request, asked('suggest'), () => suggestCourses(this.#suggesting, request)),
    )
  }

  /**
   * Completes a query while it is typed with what others asked and found: those that were clicked
   * first, then the most asked, the recent above the old, each as most users wrote it. None that
   * fewer than 5 different accounts asked (`querySuggestions.minUsers`), none that reads like an
   * address or a number of a person, none with operators. Reads the log in MongoDB, 1 round trip
   * within `legDeadlineMs`, and fails where that does. A log without `queries` has no suggestions.
   *
   * What is suggested is up to an hour old: once an hour one process that is asked refreshes it in
   * the background. Until that has happened for the first time there is nothing to suggest.
   */
  suggestQueries(
    prefix: string,
    options: SuggestOptions = {},
  ): ResultAsync<readonly QuerySuggestion[], InvalidInput | StoreError> {
    return parseSuggest(prefix, options).asyncAndThen((request) =>
      unlessAborted(request, { store: 'mongodb', operation: 'suggest-queries' }, () =>
        this.#querySuggestions.suggest(request),
      ),
    )
  }

  /**
   * Refreshes what {@link CourseSearch.suggestQueries} suggests, at once. Counts the newest million
   * searches of the log, of the last 90 days (`querySuggestions.days`); about 40 round trips of
   * MongoDB, in 150 seconds at most. Several processes may do so at the same time, and one may die
   * meanwhile. 0 queries where the log has no `queries`.
   */
  refreshQuerySuggestions(): ResultAsync<QueriesRefreshed, InvalidInput | StoreError> {
    return this.#querySuggestions.refresh()
  }

  /**
   * Logs which course of a search was clicked, at once and without waiting for a store. `position`
   * is the hit's `rank`. A search can have several clicks, on any of its pages.
   */
  recordClick(searchId: string, courseId: number, position: number): Result<void, InvalidInput> {
    return parseClick({ searchId, courseId, position }).map((click) => {
      this.#recorder.click(click)
    })
  }

  async #search(request: SearchRequest): Promise<Result<SearchResult, SearchError>> {
    const { query, typed, filters, sort, limit, cursor } = request
    const question = sort === 'relevance' ? [query, filters] : [query, filters, sort]
    const position = cursor === undefined ? ok(undefined) : decodeCursor(question, cursor)
    if (position.isErr()) return err(position.error)
    const searchId = position.value?.searchId ?? randomUUID()
    const found = await findCourses(this.#finding, {
      wanted: { query, typed, filters },
      limit,
      position: position.value,
      searchId,
      sort,
      isExplained: request.explain,
      askedAbout: request.askedAbout,
      isHighlighted: request.highlights,
    })
    if (found.isErr()) return err(found.error)
    const { courses, next, explanation } = found.value
    const nextCursor = next === undefined ? null : encodeCursor(question, next)
    const plain = { ...courses, searchId, nextCursor }
    const result = explanation === undefined ? plain : { ...plain, explanation }
    if (position.value === undefined) this.#recorder.search(request, result)
    else this.#recorder.page(result, position.value.shown)
    return ok(result)
  }

  async #similar({
    courseId: like,
    filters,
    limit,
  }: SimilarRequest): Promise<Result<FoundCourses, SimilarError>> {
    const read = await this.#courses.getMany([like])
    if (read.isErr()) return err(read.error)
    const course = read.value.get(like)
    if (course?.isPublished !== true) return err(notFound('course', like))
    const words = markedText(`${course.title} ${course.category ?? ''}`)
    const found = await findCourses(this.#finding, {
      wanted: { query: words, filters, like },
      limit,
      position: undefined,
      searchId: randomUUID(),
      sort: 'relevance',
    })
    return found.map(({ courses }) => courses)
  }

  async #count(wanted: Omit<CountRequest, 'signal'>): Promise<Result<SearchCounts, SearchError>> {
    const { clock } = this.#stores
    const [startedMs, startedAtMs] = [clock.monotonic(), clock.now()]
    const { query, typed, filters, priceBands } = wanted
    const deps = { ...this.#finding, candidates: await this.#finding.candidates.current() }
    const counted = await countFound(deps, { query, typed, filters, priceBands })
    return counted.map(({ candidates, ...counts }) => ({
      ...counts,
      mode: modeOf(candidates),
      degraded: candidates.degraded,
      durationMs: clock.monotonic() - startedMs,
      isCached: candidates.askedAtMs < startedAtMs,
      ...meantBy(candidates),
    }))
  }
}

/**
 * Makes the search over the courses.
 *
 * @throws InvalidOptions when an option breaks a rule, when there is no index (neither `index` nor
 *   stores with Pinecone), and when the index and the embedder differ in their dimensions.
 * @example
 * ```ts
 * const embedder = openaiEmbedder({ apiKey })
 * const search = createCourseSearch(stores, { courses, activity, embedder })
 * const relay = createRelay(stores, { sinks: [...repositories.sinks, ...search.sinks] })
 * ```
 */
export function createCourseSearch(stores: Stores, options: CourseSearchOptions): CourseSearch {
  return new CourseSearch(stores, options, settingsOf(stores, options))
}

function asked(operation: string): NamedOperation {
  return { store: 'postgres', operation }
}
