import type { LegRank } from './fuse.ts'
import type { SearchHit } from './hydrate.ts'

/**
 * Where searches and clicks are logged: the activity of `@headwater/repositories`, or anything that
 * takes note as it does, at once and without waiting for a store.
 */
export interface SearchLog {
  /** Takes note of a search. */
  logSearch(search: LoggedSearch): unknown
  /** Takes note of which course was clicked. A log without it takes no clicks. */
  recordClick?(click: LoggedClick): unknown
}

/** A search as it is logged. */
export interface LoggedSearch {
  /** What clicks refer to. */
  readonly searchId: string
  /** Who searched. */
  readonly userId: number | undefined
  /** The normalised query. */
  readonly query: string
  /** How many courses are shown. */
  readonly resultsCount: number
  /** How it was answered, for instance `hybrid`. */
  readonly searchType: string
  /** How long it took, in milliseconds. */
  readonly durationMs: number
  /** What is shown, and where each way of searching had put it. */
  readonly hits: readonly LoggedHit[]
}

/** A course that is shown: its place, and its place in each ranking that has it. */
export interface LoggedHit {
  /** The course. */
  readonly courseId: number
  /** Its place, from 1. */
  readonly position: number
  /** Its rank by meaning. */
  readonly dense?: number
  /** Its rank by words. */
  readonly lexical?: number
  /** Its rank after reranking. */
  readonly rerank?: number
}

/** A click on a course that a search has found. */
export interface LoggedClick {
  /** The search that found it. */
  readonly searchId: string
  /** The course that was clicked. */
  readonly courseId: number
  /** Its place, from 1. */
  readonly position: number
}

/** What the log keeps of a hit. */
export function loggedHit({ course, rank, legs }: SearchHit): LoggedHit {
  return {
    courseId: course.id,
    position: rank,
    ...rankOf('dense', legs.dense),
    ...rankOf('lexical', legs.lexical),
    ...rankOf('rerank', legs.rerank),
  }
}

function rankOf(
  name: 'dense' | 'lexical' | 'rerank',
  place: LegRank | undefined,
): Partial<LoggedHit> {
  return place === undefined ? {} : { [name]: place.rank }
}
