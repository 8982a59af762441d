import type { InvalidInput, NotFound } from '@headwater/core'
import type { SearchExplanation } from './explain/search-explanation.ts'
import type { PriceBand } from './counts/price-bands.ts'
import type { SearchHit } from './pages/hydrate.ts'
import type { DegradedLeg, LegError } from './legs.ts'

/** Courses that were found, and by which means. */
export interface FoundCourses {
  /** The courses, best first. */
  readonly hits: readonly SearchHit[]
  /** The legs that answered: both, only the one by meaning, or only the one by words. */
  readonly mode: 'hybrid' | 'semantic' | 'lexical'
  /** Failures that the search did without; empty when there were none. */
  readonly degraded: readonly DegradedLeg[]
  /** The duration, in milliseconds. */
  readonly durationMs: number
  /** Whether the ranking came from the cache. The courses are always read again. */
  readonly isCached: boolean
}

/** The result of a search. */
export interface SearchResult extends FoundCourses {
  /** Identifies this search in the log; clicks refer to it. */
  readonly searchId: string
  /**
   * The `cursor` of the next page; `null` on the last one. Valid for the same query and filters,
   * whatever the limit.
   */
  readonly nextCursor: string | null
  /**
   * The query with its misspelt words corrected, spelt as titles are: `machine learning` for
   * `machine lerning`. Operators stay. Absent where no word was corrected, and where the correction
   * finds nothing. Escape it where it becomes HTML: it has what was typed.
   */
  readonly didYouMean?: string
  /** How the search came to this page; only with the option `explain`. */
  readonly explanation?: SearchExplanation
}

/** The number of courses with a value. */
export interface ValueCount<Value> {
  /** A category, a difficulty, the id of an instructor, a language, or whether seats are left. */
  readonly value: Value
  /** The number of courses with it. */
  readonly courses: number
}

/** The number of courses that a search finds, in all and for each value of its filters. */
export interface SearchCounts extends Pick<
  FoundCourses,
  'mode' | 'degraded' | 'durationMs' | 'isCached'
> {
  /** The number of courses that all pages together show. */
  readonly total: number
  /**
   * Whether every number is exact. A search finds at most 800 by words and 800 by meaning; where
   * this one found as many, or one without the filter on a field that is counted, there may be
   * more than the numbers say.
   */
  readonly isExact: boolean
  /** As in the result of a search. */
  readonly didYouMean?: string
  /** Courses of each category, the most frequent first, whatever categories are chosen. */
  readonly category: readonly ValueCount<string>[]
  /** Courses of each difficulty, whatever difficulties are chosen. */
  readonly difficulty: readonly ValueCount<string>[]
  /** Courses of each instructor, whatever instructors are chosen. */
  readonly instructorId: readonly ValueCount<number>[]
  /** Courses in each language, whatever languages are chosen. */
  readonly language: readonly ValueCount<string>[]
  /** Courses of each band of prices, the cheapest first, whatever prices are chosen. */
  readonly price: readonly PriceBand[]
  /** Courses that take another student (`true`) and full ones, whichever are chosen. */
  readonly hasSeats: readonly ValueCount<boolean>[]
}

/**
 * Failures of a search. A store's failure means that no leg answered or no course could be read.
 */
export type SearchError = InvalidInput | LegError

/** Failures of a search for similar courses; `not-found`: no published course has this id. */
export type SimilarError = SearchError | NotFound
