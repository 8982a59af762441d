import type { CacheReadError, LoadFailed, StoreName } from '@headwater/core'
import type { EmbedError } from '../embedders/embedder.ts'
import type { UnknownGeneration } from '../indexing/generations.ts'
import type { Leg } from './fuse.ts'
import type { SearchFilters } from './search-filters.ts'
import type { VectorIndexError } from '../vectors/vector-index.ts'

/** What a leg is asked for. */
export interface LegQuery {
  /** The normalised query. */
  readonly query: string
  /** Which courses may be found. */
  readonly filters: SearchFilters
  /** How many courses to find at most. */
  readonly depth: number
  /** The time the leg has, in milliseconds. */
  readonly deadlineMs: number
}

/** Why a leg did not answer. */
export type LegError = CacheReadError | EmbedError | VectorIndexError | UnknownGeneration

/** A leg, or a second look at what the legs found, that a search went without. */
export interface DegradedLeg {
  /** What failed. */
  readonly leg: Leg | 'rerank'
  /** The store that failed, where one did. */
  readonly store?: StoreName
  /** The failure's type, for instance `store-unavailable`. */
  readonly reason: string
}

/** What a result says about a leg that failed: no more than who and why. */
export function degradedLeg(leg: Leg, failure: LegError): DegradedLeg {
  return { leg, reason: failure.type, ...('store' in failure ? { store: failure.store } : {}) }
}

/** The failure of a cache whose loader gave nothing for what it was asked for. */
export function notLoaded(cache: string): LoadFailed {
  return {
    type: 'load-failed',
    message: `cache ${cache}: the loader gave back nothing`,
    retryable: true,
    cache,
  }
}
