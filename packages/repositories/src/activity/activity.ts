import type { InvalidInput, Json, StoreError } from '@headwater/core'
import type { PageOptions } from '../page.ts'

/** Something a user did, as the host records it. */
export interface ActivityEvent {
  /** Who did it; absent or `null`: nobody who is signed in. */
  readonly userId?: number | null | undefined
  /** `noun.past-participle`, for instance `course.viewed`; at most 100 characters. */
  readonly type: string
  /**
   * What the type needs, as JSON; keys begin with no `$` and hold no dot. At most 16 levels and
   * 65,536 characters.
   */
  readonly data?: Readonly<Record<string, Json>> | undefined
  /** Where it came from. */
  readonly metadata?: ActivityMetadata | undefined
  /**
   * When it happened, from 2000 to 2100.
   *
   * @defaultValue now
   */
  readonly timestamp?: Date | undefined
}

/** Where an activity came from. */
export interface ActivityMetadata {
  /** Address of the client, at most 45 characters. */
  readonly ipAddress?: string | undefined
  /** What the client calls itself, at most 1,000 characters. */
  readonly userAgent?: string | undefined
  /** The page before, at most 2,000 characters. */
  readonly referrer?: string | undefined
}

/**
 * An activity that must survive a crash: it goes through the outbox, so it says nothing of where it
 * came from.
 */
export type DurableActivityEvent = Omit<ActivityEvent, 'metadata'>

/** An activity as it is kept. */
export interface ActivityRecord {
  /** Its id. */
  readonly id: string
  /** Who did it. */
  readonly userId: number | null
  /** What was done. */
  readonly type: string
  /** What the type needs. */
  readonly data: Readonly<Record<string, Json>>
  /** Where it came from. */
  readonly metadata: ActivityMetadata
  /** When it happened. */
  readonly timestamp: Date
}

/** Which activity to list. */
export interface ActivityListOptions extends PageOptions {
  /** Only what this user did. */
  readonly userId?: number | undefined
  /** Only this type. */
  readonly type?: string | undefined
  /** Not before. */
  readonly from?: Date | undefined
  /** Before. */
  readonly to?: Date | undefined
}

/** A search that was answered. */
export interface SearchLogEntry {
  /** Its id, a UUID, by which clicks refer to it; absent: a new one. */
  readonly searchId?: string | undefined
  /** Who searched. */
  readonly userId?: number | null | undefined
  /** What for, at most 1,000 characters. */
  readonly query: string
  /** How many results were shown. */
  readonly resultsCount: number
  /** How it was answered, for instance `hybrid`. */
  readonly searchType: string
  /** How long it took, in milliseconds. */
  readonly durationMs: number
  /**
   * What was shown, at most 1,000 courses, and where each way of searching had put it.
   *
   * @defaultValue `[]`
   */
  readonly hits?: readonly SearchLogHit[] | undefined
}

/**
 * A course that a search has shown: its place, from 1, and its place in each ranking that had it.
 */
export interface SearchLogHit {
  /** The course. */
  readonly courseId: number
  /** Where it was shown. */
  readonly position: number
  /** Its rank by meaning. */
  readonly dense?: number | undefined
  /** Its rank by words. */
  readonly lexical?: number | undefined
  /** Its rank after reranking. */
  readonly rerank?: number | undefined
}

/** A click on a result of a search. */
export interface SearchClick {
  /** What `logSearch` gave back, or the search itself. */
  readonly searchId: string
  /** The course that was clicked. */
  readonly courseId: number
  /** Its place among the results, from 1. */
  readonly position: number
}

/** What can go wrong with reading activity. */
export type ReadActivityError = InvalidInput | StoreError
