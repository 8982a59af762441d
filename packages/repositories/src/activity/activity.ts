import type { InvalidInput, Json, StoreError } from '@headwater/core'
import type { PageOptions } from '../page.ts'
import type { EncryptionFailed } from '../encryption/encryption-failed.ts'

/** An activity of a user, as the host records it. */
export interface ActivityEvent {
  /** The user; absent or `null` for a visitor who is not signed in. */
  readonly userId?: number | null | undefined
  /** `noun.past-participle`, for instance `course.viewed`; at most 100 characters. */
  readonly type: string
  /**
   * The data of the type, as JSON: at most 16 levels and 65,536 characters. Keys do not begin with
   * `$` and hold no dot.
   */
  readonly data?: Readonly<Record<string, Json>> | undefined
  /** The request it came with. */
  readonly metadata?: ActivityMetadata | undefined
  /**
   * When it happened, from 2000 to 2100.
   *
   * @defaultValue now
   */
  readonly timestamp?: Date | undefined
}

/**
 * The request that an activity came with. Headers never make an activity fail: a text that no store
 * takes is left out.
 */
export interface ActivityMetadata {
  /** Address of the client; left out when longer than 45 characters. */
  readonly ipAddress?: string | undefined
  /** The client's user agent; cut at 1,000 characters. */
  readonly userAgent?: string | undefined
  /** The previous page; cut at 2,000 characters. */
  readonly referrer?: string | undefined
}

/** An activity that must survive a crash. It goes through the outbox and has no metadata. */
export type DurableActivityEvent = Omit<ActivityEvent, 'metadata'>

/** A stored activity. */
export interface ActivityRecord {
  /** Its id. */
  readonly id: string
  /** The user, `null` for a visitor who was not signed in. */
  readonly userId: number | null
  /** Its type. */
  readonly type: string
  /** The data of the type. */
  readonly data: Readonly<Record<string, Json>>
  /** The request it came with. */
  readonly metadata: ActivityMetadata
  /** When it happened. */
  readonly timestamp: Date
}

/** A selection of activity. */
export interface ActivityListOptions extends PageOptions {
  /** Only the activity of this user. */
  readonly userId?: number | undefined
  /** Only activity of this type. */
  readonly type?: string | undefined
  /** Only activity at or after this moment. */
  readonly from?: Date | undefined
  /** Only activity before this moment. */
  readonly to?: Date | undefined
}

/** An answered search. */
export interface SearchLogEntry {
  /**
   * Its id, a UUID, by which clicks refer to it.
   *
   * @defaultValue a new one
   */
  readonly searchId?: string | undefined
  /** The user; absent or `null` for a visitor who is not signed in. */
  readonly userId?: number | null | undefined
  /** The query, at most 1,000 characters. */
  readonly query: string
  /** The number of results shown. */
  readonly resultsCount: number
  /** The kind of search, for instance `hybrid`. */
  readonly searchType: string
  /** Its duration, in milliseconds. */
  readonly durationMs: number
  /**
   * Whether its ranking came from the cache.
   *
   * @defaultValue `null`: not known
   */
  readonly isCached?: boolean | undefined
  /**
   * The courses shown, at most 1,000, with their rank in each leg of the search.
   *
   * @defaultValue `[]`
   */
  readonly hits?: readonly SearchLogHit[] | undefined
}

/** A further page of an answered search. */
export interface SearchPageEntry {
  /** The id that `logSearch` or the search returned. */
  readonly searchId: string
  /** The number of results shown so far, this page's among them. */
  readonly resultsCount: number
  /**
   * The courses that this page shows, at most 1,000.
   *
   * @defaultValue `[]`
   */
  readonly hits?: readonly SearchLogHit[] | undefined
}

/** A course that a search showed, with its rank in each leg that found it. */
export interface SearchLogHit {
  /** The course. */
  readonly courseId: number
  /** Its position among the results, from 1. */
  readonly position: number
  /** Its rank by meaning, from 1. */
  readonly dense?: number | undefined
  /** Its rank by words, from 1. */
  readonly lexical?: number | undefined
  /** Its rank after reranking, from 1. */
  readonly rerank?: number | undefined
}

/** A click on a result of a search. */
export interface SearchClick {
  /** The id that `logSearch` or the search returned. */
  readonly searchId: string
  /** The clicked course. */
  readonly courseId: number
  /** Its position among the results, from 1. */
  readonly position: number
}

/** A failure of reading activity. */
export type ReadActivityError = InvalidInput | EncryptionFailed | StoreError
