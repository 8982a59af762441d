import type { CallOptions, InvalidInput, ResultAsync, StoreError } from '@headwater/core'
import type { DimensionMismatch } from '../embedders/embedder.ts'

/** A value that a record can be filtered by. There is no null: an absent key says it. */
export type MetadataValue = string | number | boolean | readonly string[]

/**
 * What a record says about itself beside its vector. Keys do not begin with `$`; 40 KB of JSON at
 * most.
 */
export type VectorMetadata = Readonly<Record<string, MetadataValue>>

/** One record of an index. */
export interface VectorRecord {
  /** Identifies the record: 1 to 512 ASCII characters other than NUL. */
  readonly id: string
  /**
   * Finite numbers, as many as the index has dimensions, not all zero. Stored with single
   * precision.
   */
  readonly values: readonly number[]
  /** What filters look at. */
  readonly metadata: VectorMetadata
}

/** One answer to a query. */
export interface VectorMatch {
  /** The record's id. */
  readonly id: string
  /** Cosine similarity of the record and the query, -1 to 1. */
  readonly score: number
  /** The record's metadata. */
  readonly metadata: VectorMetadata
}

/** Which records a query may return: those that meet one condition, or several at once. */
export type VectorFilter =
  | { readonly op: 'and'; readonly filters: readonly VectorFilter[] }
  | { readonly op: 'or'; readonly filters: readonly VectorFilter[] }
  | VectorCondition

/**
 * What a query asks of one key. A condition on a key that a record does not have is never met, not
 * even `ne` and `nin`. On a list of strings `eq` and `in` ask whether any element matches, `ne` and
 * `nin` whether none does. Values of different types are never equal, and only numbers are greater
 * or less than one another.
 */
export type VectorCondition =
  | { readonly op: 'eq'; readonly key: string; readonly value: string | number | boolean }
  | { readonly op: 'ne'; readonly key: string; readonly value: string | number | boolean }
  | {
      readonly op: 'in'
      readonly key: string
      readonly values: readonly string[] | readonly number[]
    }
  | {
      readonly op: 'nin'
      readonly key: string
      readonly values: readonly string[] | readonly number[]
    }
  | { readonly op: 'gt'; readonly key: string; readonly value: number }
  | { readonly op: 'gte'; readonly key: string; readonly value: number }
  | { readonly op: 'lt'; readonly key: string; readonly value: number }
  | { readonly op: 'lte'; readonly key: string; readonly value: number }

/** What is looked for. */
export interface VectorQuery {
  /** The point to look around; as long as the index has dimensions. */
  readonly vector: readonly number[]
  /** How many matches to return at most, 1 to 10,000. */
  readonly topK: number
  /**
   * Which records to consider.
   *
   * @defaultValue all records
   */
  readonly filter?: VectorFilter
}

/** Which part of the ids to list. */
export interface VectorListOptions extends CallOptions {
  /**
   * What the ids begin with.
   *
   * @defaultValue all ids
   */
  readonly prefix?: string
  /**
   * How many ids to return at most, 1 to 100.
   *
   * @defaultValue `100`
   */
  readonly limit?: number
  /** The `nextCursor` of the previous page, listed under the same prefix. */
  readonly cursor?: string
}

/** A page of ids. */
export interface VectorIdPage {
  /** In ascending order. */
  readonly ids: readonly string[]
  /** The `cursor` of the next page; `null` on the last one. */
  readonly nextCursor: string | null
}

/** Size of the index. */
export interface VectorIndexStats {
  /** Records in the namespace; may lag behind the latest writes. */
  readonly recordCount: number
}

/** What can go wrong with an index. */
export type VectorIndexError = StoreError | InvalidInput | DimensionMismatch

/**
 * Records with vectors, found by cosine similarity. An instance works in one namespace, fixed when
 * it is made; a namespace that was never written to is empty. Input is checked before anything is
 * sent: a call that fails with `invalid-input` or `dimension-mismatch` has changed nothing. Writes
 * may become visible to reads some time after they are acknowledged.
 */
export interface VectorIndex {
  /** Length of every vector. */
  readonly dimensions: number
  /**
   * Stores the records, replacing those with the same ids whole, metadata included. Any number of
   * records: they travel in as many requests as the store's limits demand, so a failure on the way
   * leaves the earlier ones stored; storing all of them again is harmless.
   */
  upsert(
    records: readonly VectorRecord[],
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError>
  /**
   * Returns the records nearest to the vector among those that pass the filter, best first; fewer
   * than `topK` when there are no more.
   */
  query(
    query: VectorQuery,
    options?: CallOptions,
  ): ResultAsync<readonly VectorMatch[], VectorIndexError>
  /** Returns the records with these ids; absent ids are missing from the map. */
  fetch(
    ids: readonly string[],
    options?: CallOptions,
  ): ResultAsync<ReadonlyMap<string, VectorRecord>, VectorIndexError>
  /**
   * Sets these keys of one record's metadata and keeps its other keys and its vector. An absent
   * record stays absent.
   */
  updateMetadata(
    id: string,
    metadata: VectorMetadata,
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError>
  /** Removes the records with these ids; absent ones are no error. */
  delete(ids: readonly string[], options?: CallOptions): ResultAsync<void, VectorIndexError>
  /** Returns a page of the ids in the index. */
  list(options?: VectorListOptions): ResultAsync<VectorIdPage, VectorIndexError>
  /** Returns the size of the index. */
  stats(options?: CallOptions): ResultAsync<VectorIndexStats, VectorIndexError>
}
