import type { Json } from '@headwater/core'
import type { StoredMetadata } from './sealed/activity-sealing.ts'
import type { SearchLogHit } from './activity.ts'

/**
 * An entry that waits for MongoDB, in the buffer or in PostgreSQL; plain JSON. Writing it is
 * idempotent, and a search, its further pages and the clicks on it may be written in any order.
 */
export type ActivityEntry = LoggedActivity | SearchEntry

/** An entry of a document of `search_logs`. */
export type SearchEntry = LoggedSearch | LoggedPage | LoggedClick

interface Entry {
  /** The document's `_id`. */
  readonly id: string
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number
}

/** Becomes a document of `user_activity`. */
export interface LoggedActivity extends Entry {
  readonly kind: 'activity'
  readonly userId: number | null
  readonly type: string
  readonly data: Readonly<Record<string, Json>>
  readonly metadata: StoredMetadata
}

/** Becomes a document of `search_logs`. */
export interface LoggedSearch extends Entry {
  readonly kind: 'search'
  readonly userId: number | null
  /** `null` once its user was deleted. */
  readonly query: string | null
  readonly resultsCount: number
  readonly searchType: string
  readonly durationMs: number
  /** `null` when the log was not told. */
  readonly isCached: boolean | null
  readonly hits: readonly SearchLogHit[]
}

/** Adds a further page to the document of its search. */
export interface LoggedPage extends Entry {
  readonly kind: 'page'
  readonly resultsCount: number
  readonly hits: readonly SearchLogHit[]
}

/** Completes the document of a search. */
export interface LoggedClick extends Entry {
  readonly kind: 'click'
  readonly courseId: number
  readonly position: number
}
