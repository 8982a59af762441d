import type { StoreError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import type {
  OnUnavailable,
  RateLimitAnswer,
  RateLimiterOptions,
  TakeOptions,
} from './rate-limiter.ts'

/** Options of `createRateLimits`. */
export interface RateLimitsOptions<Name extends string> {
  /** The limits by name; a name is part of every key of its limit. */
  readonly limits: Readonly<Record<Name, OneLimit>>
  /**
   * The answer while Redis cannot be asked.
   *
   * @defaultValue `'in-memory'`
   */
  readonly onUnavailable?: OnUnavailable
}

/** One of several limits. */
export type OneLimit = Pick<RateLimiterOptions, 'limit' | 'windowMs'>

/**
 * The answer to one request of several limits. Its figures are those of the strictest limit: the
 * one that refuses for the longest time, or else the one with the fewest requests left.
 */
export interface RateLimitsAnswer<Name extends string> extends RateLimitAnswer {
  /** The limits that refuse; when there is one, no limit counted the request. */
  readonly refusedBy: readonly Name[]
  /** The answer of each limit. */
  readonly limits: Readonly<Partial<Record<Name, RateLimitAnswer>>>
}

/** The subject of each limit; a limit with `undefined` does not apply. */
export type LimitSubjects<Name extends string> = Readonly<
  Partial<Record<Name, string | number | undefined>>
>

/**
 * Limits an action in several ways at once, per user and per address for instance.
 *
 * Each method takes one round trip, except where it says otherwise. An outage of Redis never makes
 * `take` and `peek` reject; `null`, `NaN` and `''` as a subject and the name of no limit are a
 * TypeError, and a cost out of range is a RangeError.
 */
export interface RateLimits<Name extends string> {
  /**
   * Counts a request with every limit that has a subject, or with none of them when one refuses. In
   * a cluster, where no script sees several slots, a refused request takes a second round trip,
   * which uncounts it.
   */
  take(subjects: LimitSubjects<Name>, options?: TakeOptions): Promise<RateLimitsAnswer<Name>>
  /** The answer that `take` would give now. Counts nothing. */
  peek(subjects: LimitSubjects<Name>, options?: TakeOptions): Promise<RateLimitsAnswer<Name>>
  /** Forgets the requests of each subject. */
  reset(subjects: LimitSubjects<Name>): ResultAsync<void, StoreError>
}
