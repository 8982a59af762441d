import type { InvalidInput, NotFound } from '@headwater/core'
import type { SearchHit } from './hydrate.ts'
import type { DegradedLeg, LegError } from './legs.ts'

/** The courses that were found, and how. */
export interface FoundCourses {
  /** The courses, best first. */
  readonly hits: readonly SearchHit[]
  /** Which ways of searching answered: both, by meaning alone, or by words alone. */
  readonly mode: 'hybrid' | 'semantic' | 'lexical'
  /** What failed and was gone without; empty when all is well. */
  readonly degraded: readonly DegradedLeg[]
  /** How long it took, in milliseconds. */
  readonly durationMs: number
  /** Whether the ranking was in the cache. The courses are read anew in any case. */
  readonly isCached: boolean
}

/** What a search found. */
export interface SearchResult extends FoundCourses {
  /** Names this search in the log; clicks refer to it. */
  readonly searchId: string
  /**
   * To be handed in as `page` for what comes next; absent on the last page. Good for the same query
   * and filters, whatever the limit.
   */
  readonly nextPage?: string
}

/**
 * What can go wrong with a search. A store's failure means that no way of searching answered, or
 * that the courses could not be read.
 */
export type SearchError = InvalidInput | LegError

/**
 * What can go wrong with a search for similar courses; `not-found` when the course does not exist
 * or is not published.
 */
export type SimilarError = SearchError | NotFound
