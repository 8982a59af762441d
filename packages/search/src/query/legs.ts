import type { CacheReadError, LoadFailed, StoreName } from '@headwater/core'
import type { EmbedError } from '../embedders/embedder.ts'
import type { UnknownGeneration } from '../indexing/generations.ts'
import type { LookTrace } from './explain/search-trace.ts'
import type { Leg } from './fusion/fuse.ts'
import type { SearchFilters } from './search-filters.ts'
import type { VectorIndexError } from '../vectors/vector-index.ts'

/** A request to a leg. */
export interface LegQuery {
  /** The normalised query. */
  readonly query: string
  /** The same as it was typed, where the embedder tells them apart. */
  readonly typed?: string | undefined
  /** The filters that are set. */
  readonly filters: SearchFilters
  /** The most courses to find. */
  readonly depth: number
  /** The leg's deadline, in milliseconds. */
  readonly deadlineMs: number
  /**
   * Whether somebody typed it, who may have meant another one.
   *
   * @defaultValue `false`
   */
  readonly isTyped?: boolean
  /** What an explained search takes down. */
  readonly trace?: LookTrace | undefined
}

/** The failure of a leg. */
export type LegError = CacheReadError | EmbedError | VectorIndexError | UnknownGeneration

/** A leg, the reranker, or the forms of words that highlights mark, that a search did without. */
export interface DegradedLeg {
  /** The part that failed. */
  readonly leg: Leg | 'rerank' | 'highlights'
  /** The store that failed, if it was one. */
  readonly store?: StoreName
  /** The failure's type, for instance `store-unavailable`. */
  readonly reason: string
}

/** The entry of a result for a part that failed: the part, the store and the failure's type. */
export function degradedLeg(leg: DegradedLeg['leg'], failure: LegError): DegradedLeg {
  return { leg, reason: failure.type, ...('store' in failure ? { store: failure.store } : {}) }
}

/** The failure of a cache whose loader returned no value. */
export function notLoaded(cache: string): LoadFailed {
  return {
    type: 'load-failed',
    message: `cache ${cache}: the loader returned nothing`,
    retryable: true,
    cache,
  }
}
