import type { AskedQueries } from '@headwater/repositories'
import type { SearchHit } from './pages/hydrate.ts'

/**
 * A log of searches and clicks: the activity of `@headwater/repositories`, or any other log that
 * returns at once, without waiting for a store.
 */
export interface SearchLog {
  /** Logs a search. */
  logSearch(search: LoggedSearch): unknown
  /** Logs a further page of a search. A log without this method ignores them. */
  logPage?(page: LoggedPage): unknown
  /** Logs a click. A log without this method ignores clicks. */
  recordClick?(click: LoggedClick): unknown
  /** The queries that were logged, for suggestions. Without it there are none. */
  readonly queries?: QueryLog
}

/** Gathers logged queries, and reads what was gathered. */
export type QueryLog = Pick<AskedQueries, 'beginningWith' | 'gather'>

/** The log entry of a search. */
export interface LoggedSearch {
  /** Identifies the search; clicks refer to it. */
  readonly searchId: string
  /** The searching user. */
  readonly userId: number | undefined
  /** The normalised query. */
  readonly query: string
  /** The number of hits. */
  readonly resultsCount: number
  /** The mode of the result, for instance `hybrid`. */
  readonly searchType: string
  /** The duration, in milliseconds. */
  readonly durationMs: number
  /** Whether the ranking came from the cache. */
  readonly isCached: boolean
  /** The hits, with their rank in each leg. */
  readonly hits: readonly LoggedHit[]
}

/** The log entry of a further page of a search. */
export interface LoggedPage {
  /** The search. */
  readonly searchId: string
  /** The number of hits shown so far, this page's among them. */
  readonly resultsCount: number
  /** The hits of this page. */
  readonly hits: readonly LoggedHit[]
}

/** A hit, with its rank in each leg that found it. */
export interface LoggedHit {
  /** The course. */
  readonly courseId: number
  /** Its rank in the result, from 1. */
  readonly position: number
  /** Its rank by meaning. */
  readonly dense?: number
  /** Its rank by words. */
  readonly lexical?: number
  /** Its rank after reranking. */
  readonly rerank?: number
}

/** A click on a hit. */
export interface LoggedClick {
  /** The search. */
  readonly searchId: string
  /** The clicked course. */
  readonly courseId: number
  /** Its rank in the result, from 1. */
  readonly position: number
}

/** The log entry of a hit. */
export function loggedHit({
  course,
  rank,
  legs: { dense, lexical, rerank },
}: SearchHit): LoggedHit {
  const hit: { -readonly [Name in keyof LoggedHit]: LoggedHit[Name] } = {
    courseId: course.id,
    position: rank,
  }
  if (dense !== undefined) hit.dense = dense.rank
  if (lexical !== undefined) hit.lexical = lexical.rank
  if (rerank !== undefined) hit.rerank = rerank.rank
  return hit
}
