import type { CallOptions, InvalidInput, ResultAsync, StoreError } from '@headwater/core'
import type { DimensionMismatch } from '../embedders/embedder.ts'
import type { IndexMismatch } from './index-mismatch.ts'

/** A value that a record can be filtered by. There is no null: the key is absent instead. */
export type MetadataValue = string | number | boolean | readonly string[]

/** Metadata of a record. Keys do not begin with `$`; at most 40 KB of JSON. */
export type VectorMetadata = Readonly<Record<string, MetadataValue>>

/** One record of an index. */
export interface VectorRecord {
  /** Identifies the record: 1 to 512 ASCII characters other than NUL. */
  readonly id: string
  /**
   * Finite numbers, not all zero; length = dimensions of the index. Stored with single precision.
   */
  readonly values: readonly number[]
  /** Values for filters. */
  readonly metadata: VectorMetadata
}

/** A record that a query found. */
export interface VectorMatch {
  /** The record's id. */
  readonly id: string
  /** Cosine similarity of the record and the query, -1 to 1. */
  readonly score: number
  /** The record's metadata. */
  readonly metadata: VectorMetadata
}

/** The records that a query may return: one condition, or several combined. */
export type VectorFilter =
  | { readonly op: 'and'; readonly filters: readonly VectorFilter[] }
  | { readonly op: 'or'; readonly filters: readonly VectorFilter[] }
  | VectorCondition

/**
 * A condition on one key. A record without the key never meets it, not even for `ne` and `nin`. On
 * a list of strings, `eq` and `in` are met when any element matches, `ne` and `nin` when none does.
 * Values of different types are never equal, and only numbers are greater or less than one another.
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

/** A query for the nearest records. */
export interface VectorQuery {
  /** The vector to search around; length = dimensions of the index. */
  readonly vector: readonly number[]
  /** The most matches to return, 1 to 10,000. */
  readonly topK: number
  /**
   * The records to consider.
   *
   * @defaultValue all records
   */
  readonly filter?: VectorFilter
}

/** A request for one page of ids. */
export interface VectorListOptions extends CallOptions {
  /**
   * The prefix of the ids.
   *
   * @defaultValue all ids
   */
  readonly prefix?: string
  /**
   * The most ids to return, 1 to 100.
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

/** Failures of an index. `index-mismatch`: it exists, and is made for other vectors. */
export type VectorIndexError = StoreError | InvalidInput | DimensionMismatch | IndexMismatch

/**
 * Records with vectors, found by cosine similarity. An instance works in one namespace; a namespace
 * that was never written to is empty. Input is checked before anything is sent: a call that fails
 * with `invalid-input` or `dimension-mismatch` has changed nothing. Reads may see a write some time
 * after it is acknowledged.
 */
export interface VectorIndex {
  /** Length of every vector. */
  readonly dimensions: number
  /**
   * Stores any number of records; each replaces the record with the same id, metadata included.
   * They take as many requests as the store's limits demand. A failure may leave some of them
   * stored; storing all again is harmless.
   */
  upsert(
    records: readonly VectorRecord[],
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError>
  /**
   * Returns the nearest records that pass the filter, best first; fewer than `topK` when there are
   * no more.
   */
  query(
    query: VectorQuery,
    options?: CallOptions,
  ): ResultAsync<readonly VectorMatch[], VectorIndexError>
  /** Returns the records with these ids; the map has no entry for an unknown id. */
  fetch(
    ids: readonly string[],
    options?: CallOptions,
  ): ResultAsync<ReadonlyMap<string, VectorRecord>, VectorIndexError>
  /**
   * Sets these keys of one record's metadata; its other keys and its vector stay. Without such a
   * record nothing happens.
   */
  updateMetadata(
    id: string,
    metadata: VectorMetadata,
    options?: CallOptions,
  ): ResultAsync<void, VectorIndexError>
  /** Removes the records with these ids; unknown ids are ignored. */
  delete(ids: readonly string[], options?: CallOptions): ResultAsync<void, VectorIndexError>
  /** Returns a page of the ids in the index. */
  list(options?: VectorListOptions): ResultAsync<VectorIdPage, VectorIndexError>
  /** Returns the size of the index. */
  stats(options?: CallOptions): ResultAsync<VectorIndexStats, VectorIndexError>
}
