import type { OnUnavailable, RateLimitAnswer, RateLimiterOptions } from './rate-limiter.ts'

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

/** Limits an action in several ways at once, per user and per address for instance. */
export interface RateLimits<Name extends string> {
  /**
   * Counts one request with every limit that has a subject, or with none of them when one refuses.
   * One round trip. In a cluster, where no script sees several slots, a refused request takes a
   * second one, which uncounts it. Never rejects.
   */
  take(subjects: Readonly<Partial<Record<Name, string | number>>>): Promise<RateLimitsAnswer<Name>>
}
