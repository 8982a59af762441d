import type { Abortable } from '../call-options.ts'
import type { SqlError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { CacheKey } from '../cache-key.ts'
import type { NearOptions } from '../near/near-options.ts'

/**
 * Encodes values as JSON and decodes them. Needed as soon as a value holds something that JSON does
 * not keep: dates, bigints, `undefined`. `decode(JSON.parse(JSON.stringify(encode(value))))` must
 * deeply equal `value`.
 */
export interface Codec<Value> {
  /** Returns something that `JSON.stringify` keeps whole. */
  encode(value: Value): unknown
  /** Returns the value from parsed JSON; throws when `encode` cannot have made it. */
  decode(json: unknown): Value
}

/** Options of `defineCache`. */
export interface CacheOptions<Id, Value> {
  /**
   * Names the cache in diagnostics, metrics and failures, for instance `course` or
   * `course:students`.
   */
  readonly name: string
  /**
   * First part of every key. Two caches may share it when their `key` functions tell them apart:
   * `course:5` and `course:5:students`.
   *
   * @defaultValue `name`
   */
  readonly keyName?: string
  /** Time after which an entry is loaded again, in milliseconds. */
  readonly ttlMs: number
  /**
   * Time beyond `ttlMs` for which an entry may answer while its source fails or is slow, in
   * milliseconds.
   *
   * @defaultValue `0`
   */
  readonly graceMs?: number
  /**
   * Time that a reader waits for its source while it has an expired value within `graceMs`, in
   * milliseconds. Then that value answers, and the load goes on in the background.
   *
   * @defaultValue `250`
   */
  readonly softTimeoutMs?: number
  /**
   * Share of `ttlMs` after which a read refreshes an entry in the background, less up to a tenth at
   * random; `1` for never.
   *
   * @defaultValue `0.9`
   */
  readonly refreshAt?: number
  /**
   * Time for which a missing row is remembered as missing, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly absentTtlMs?: number
  /**
   * Time to live of one entry, in milliseconds, computed from the loaded value. `0` keeps the value
   * out of the cache.
   *
   * @defaultValue `() => ttlMs`
   */
  readonly entryTtlMs?: (value: Value, id: Id) => number
  /**
   * Keys by which many entries are invalidated at once: an entry is valid until one of its tags is
   * invalidated. At most 16. The key of another entry may be a tag: it counts as invalidated
   * whenever that entry is loaded again, too.
   *
   * @defaultValue `() => []`
   */
  readonly tags?: (id: Id) => readonly CacheKey[]
  /**
   * Longest JSON that is stored, in characters. Longer values are returned and not stored.
   *
   * @defaultValue `524_288`
   */
  readonly maxEntryLength?: number
  /**
   * Length of the entries that each process keeps parsed, in characters; `0` for none. A hit on an
   * unchanged entry is copied instead of parsed. The parsed entries never answer by themselves, and
   * take about three bytes of memory per character.
   *
   * @defaultValue `1_048_576`
   */
  readonly maxParsedLength?: number
  /**
   * Time that one reader, fleet-wide, has to load an entry before another reader may, in
   * milliseconds. The value of a load that takes longer is returned and not stored.
   *
   * @defaultValue `5_000`
   */
  readonly leaseMs?: number
  /**
   * Time that a reader waits for the load of another process before it loads without storing, in
   * milliseconds.
   *
   * @defaultValue `1_000`
   */
  readonly waitMs?: number
  /**
   * Further parts of the key of an id. Needed when ids are objects.
   *
   * @defaultValue `(id) => [String(id)]`
   */
  readonly key?: (id: Id) => readonly (string | number)[]
  /**
   * Loads the rows of many ids in one statement through `sql`, and leaves out ids without a row.
   * When it rejects, the read fails and nothing is stored.
   */
  readonly load: (ids: readonly Id[], sql: SqlClient) => Promise<ReadonlyMap<Id, Value>>
  /**
   * Encodes values that JSON does not keep.
   *
   * @defaultValue values are stored as JSON
   */
  readonly codec?: Codec<Value>
  /**
   * Lets this process answer with values that it keeps itself, as coherent as every other hit;
   * `false` for never. Every process that changes the rows must take part: give them all the same
   * options, or `near` in their `connect`.
   *
   * @defaultValue `near` of `connect`, `false` without it
   */
  readonly near?: NearOptions | false
}

/** The defaults of {@link CacheOptions}. */
export const cacheDefaults = {
  graceMs: 0,
  softTimeoutMs: 250,
  refreshAt: 0.9,
  absentTtlMs: 30_000,
  maxEntryLength: 524_288,
  maxParsedLength: 1_048_576,
  leaseMs: 5_000,
  waitMs: 1_000,
} as const satisfies Partial<CacheOptions<never, never>>

/** Options of a read. An abort ends the wait of its caller alone, and what is loaded is stored. */
export interface ReadOptions extends Abortable {
  /**
   * The transaction to read in: the read bypasses the cache, uses the transaction's connection, and
   * sees its writes.
   */
  readonly tx?: SqlClient | undefined
}

/** The loader failed with an error of no store, or returned a value that cannot be stored. */
export interface LoadFailed {
  /** The discriminant. */
  readonly type: 'load-failed'
  /** One sentence. */
  readonly message: string
  /** Whether a later read may succeed. */
  readonly retryable: boolean
  /** The name of the cache. */
  readonly cache: string
  /** The error that the loader threw. */
  readonly cause?: unknown
}

/** Failures of a read. A failure of Redis is none: the read goes to the source instead. */
export type CacheReadError = SqlError | LoadFailed

/**
 * A read-through cache over one kind of row: cached and uncached reads return deeply equal values.
 */
export interface Cache<Id, Value> {
  /** The name in its options. */
  readonly name: string
  /**
   * Reads one value; `undefined` when there is no such row. A hit costs one Redis round trip, which
   * reads that are made at the same time share.
   */
  get(id: Id, options?: ReadOptions): ResultAsync<Value | undefined, CacheReadError>
  /**
   * Reads many values; ids without a row are left out. All hits together cost one Redis round trip,
   * and all misses one `load`.
   */
  getMany(ids: readonly Id[], options?: ReadOptions): ResultAsync<Map<Id, Value>, CacheReadError>
  /**
   * Loads one value again, stores it unless a writer is about to change it, and returns it. Three
   * round trips.
   */
  refresh(id: Id, options?: Abortable): ResultAsync<Value | undefined, CacheReadError>
  /**
   * The value of an id that this process keeps near, synchronously and without any round trip;
   * `undefined` when it keeps none, the row does not exist, or it is more than plain objects,
   * arrays and dates. All callers share one value, deeply frozen; its dates, which cannot be
   * frozen, must not be changed.
   */
  peek(id: Id): Value | undefined
  /** The key of an id, for `tx.invalidate`. */
  key(id: Id): CacheKey
}
