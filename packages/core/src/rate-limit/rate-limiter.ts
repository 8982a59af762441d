import type { Stores } from '../connect/stores.ts'
import type { StoreError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'

/** The stores that a limiter needs. */
export type RateLimiterStores = Pick<Stores, 'redis' | 'clock' | 'diagnostics'>

/** Options of `createRateLimiter`. */
export interface RateLimiterOptions {
  /** The name of the limited action, an endpoint for instance; part of every key. */
  readonly name: string
  /** Requests that may come at once, and on average in every window. */
  readonly limit: number
  /**
   * The window, in milliseconds; at most a year.
   *
   * @defaultValue `60_000`
   */
  readonly windowMs?: number
  /**
   * The answer while Redis cannot be asked.
   *
   * @defaultValue `'in-memory'`
   */
  readonly onUnavailable?: OnUnavailable
}

/**
 * The answer of a limiter while Redis cannot be asked: let every request pass, refuse every
 * request, or limit the requests of this process alone.
 */
export type OnUnavailable = 'allow' | 'deny' | 'in-memory'

/** Defaults of {@link RateLimiterOptions}. */
export const rateLimiterDefaults = {
  windowMs: 60_000,
  onUnavailable: 'in-memory',
} as const satisfies Partial<RateLimiterOptions>

/** Options of one request. */
export interface TakeOptions {
  /**
   * The number of requests that it counts as: a whole number up to the limit.
   *
   * @defaultValue `1`
   */
  readonly cost?: number
}

/** The answer to one request. */
export interface RateLimitAnswer {
  /** Whether it may pass. */
  readonly success: boolean
  /** The limit that was applied. */
  readonly limit: number
  /** Requests of cost 1 that could pass right after it. */
  readonly remaining: number
  /** Time until the whole limit is available again, in milliseconds. */
  readonly resetMs: number
  /** Time until this request can pass, in milliseconds; 0 when it can now. */
  readonly retryAfterMs: number
  /** Whether Redis could not be asked, so that requests of other processes are not counted. */
  readonly isDegraded: boolean
}

/**
 * Limits how often an action may happen.
 *
 * Each method takes one round trip. An outage of Redis never makes `take` and `peek` reject; a
 * missing subject does, since all requests without one would share one count: `undefined`, `null`,
 * `NaN` and `''` are a TypeError, and a cost out of range is a RangeError.
 */
export interface RateLimiter {
  /**
   * Counts a request of `subject` (a user, an address) unless the limit is reached. Requests are
   * earned back one by one, not at the end of a window.
   */
  take(subject: string | number, options?: TakeOptions): Promise<RateLimitAnswer>
  /** The answer that `take` would give now. Counts nothing. */
  peek(subject: string | number, options?: TakeOptions): Promise<RateLimitAnswer>
  /** Forgets the requests of a subject, after a successful sign-in for instance. */
  reset(subject: string | number): ResultAsync<void, StoreError>
}
