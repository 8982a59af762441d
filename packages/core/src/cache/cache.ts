import type { SqlError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import type { SqlClient } from '../stores/sql-client.ts'
import type { CacheKey } from '../cache-key.ts'

/**
 * How a value travels through JSON. Needed as soon as a value holds something that JSON does not:
 * dates, bigints, `undefined`. `decode(JSON.parse(JSON.stringify(encode(value))))` must deeply
 * equal `value`.
 */
export interface Codec<Value> {
  /** To something `JSON.stringify` keeps whole. */
  encode(value: Value): unknown
  /** Back from what `JSON.parse` gave; throws when it is not what `encode` made. */
  decode(json: unknown): Value
}

/** Options of `defineCache`. */
export interface CacheOptions<Id, Value> {
  /** First part of every key, for instance `course`; also names the cache in diagnostics. */
  readonly name: string
  /** Time until an entry is loaded again, in milliseconds. */
  readonly ttlMs: number
  /**
   * How long beyond `ttlMs` an entry may answer while its source is down, in milliseconds.
   *
   * @defaultValue `0`
   */
  readonly graceMs?: number
  /**
   * Share of `ttlMs` at which a read begins to load an entry anew in the background, less up to a
   * tenth at random; `1` for never.
   *
   * @defaultValue `0.9`
   */
  readonly refreshAt?: number
  /**
   * Time for which an absent row is remembered as absent, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly absentTtlMs?: number
  /**
   * A time of its own for one entry instead of `ttlMs`, in milliseconds, from what was loaded; `0`:
   * this value is not stored.
   *
   * @defaultValue `() => ttlMs`
   */
  readonly entryTtlMs?: (value: Value, id: Id) => number
  /**
   * Keys by which many entries are invalidated at once: an entry is good for as long as none of its
   * tags was invalidated. At most 16.
   *
   * @defaultValue `() => []`
   */
  readonly tags?: (id: Id) => readonly CacheKey[]
  /**
   * Values whose JSON is longer are returned and not stored, in characters.
   *
   * @defaultValue `524_288`
   */
  readonly maxEntryLength?: number
  /**
   * How much of what was read more than once each process keeps parsed, in characters of entries,
   * so that a hit on an unchanged entry is copied and not parsed; `0` for none. It answers nothing
   * by itself, and is forgotten only when newer entries push it out. In memory it takes about three
   * bytes a character.
   *
   * @defaultValue `1_048_576`
   */
  readonly maxParsedLength?: number
  /**
   * How long one reader, fleet-wide, may load an entry before another one may, in milliseconds. A
   * load that takes longer is returned and not stored.
   *
   * @defaultValue `5_000`
   */
  readonly leaseMs?: number
  /**
   * How long a reader waits for another process's load before it loads without storing, in
   * milliseconds.
   *
   * @defaultValue `1_000`
   */
  readonly waitMs?: number
  /**
   * Further parts of an id's key.
   *
   * @defaultValue `(id) => [String(id)]`
   */
  readonly key?: (id: Id) => readonly (string | number)[]
  /**
   * Loads the rows of many ids in one statement through `sql`; ids without a row are left out. A
   * rejection is a failed read and nothing is stored.
   */
  readonly load: (ids: readonly Id[], sql: SqlClient) => Promise<ReadonlyMap<Id, Value>>
  /**
   * How values travel through JSON.
   *
   * @defaultValue values are JSON already
   */
  readonly codec?: Codec<Value>
}

/** The defaults of {@link CacheOptions}. */
export const cacheDefaults = {
  graceMs: 0,
  refreshAt: 0.9,
  absentTtlMs: 30_000,
  maxEntryLength: 524_288,
  maxParsedLength: 1_048_576,
  leaseMs: 5_000,
  waitMs: 1_000,
} as const satisfies Partial<CacheOptions<never, never>>

/** Options of a read. */
export interface ReadOptions {
  /**
   * The transaction to read in: the cache is passed by, its connection is used, its own writes are
   * seen.
   */
  readonly tx?: SqlClient
}

/**
 * The loader itself failed with something that is not a store's error, or gave back something that
 * cannot be stored.
 */
export interface LoadFailed {
  /** The discriminant. */
  readonly type: 'load-failed'
  /** One sentence. */
  readonly message: string
  /** Whether a later read may succeed. */
  readonly retryable: boolean
  /** The name of the cache. */
  readonly cache: string
  /** What the loader threw. */
  readonly cause?: unknown
}

/**
 * What can go wrong with a read. Trouble with Redis is not among it: a read then goes to the
 * source.
 */
export type CacheReadError = SqlError | LoadFailed

/**
 * A read-through cache over one kind of row: cached and uncached reads return deeply equal values.
 */
export interface Cache<Id, Value> {
  /** The name it was defined with. */
  readonly name: string
  /**
   * Reads one value; `undefined` when there is no such row. A hit costs one Redis round trip, or a
   * share of one with the other reads of the same tick.
   */
  get(id: Id, options?: ReadOptions): ResultAsync<Value | undefined, CacheReadError>
  /**
   * Reads many values; ids without a row are left out. Hits cost one Redis round trip together,
   * misses one `load` together.
   */
  getMany(ids: readonly Id[], options?: ReadOptions): ResultAsync<Map<Id, Value>, CacheReadError>
  /**
   * Loads one value anew, whatever the cache holds, stores it where no writer is about to change
   * it, and gives it back. Three round trips.
   */
  refresh(id: Id): ResultAsync<Value | undefined, CacheReadError>
  /** The key of an id, to be handed to `tx.invalidate`. */
  key(id: Id): CacheKey
}
