import { runScript } from '../stores/redis/redis-script.ts'
import type { Stores } from '../connect/stores.ts'
import { Fallback } from './fallback.ts'
import { takeScript } from './gcra-scripts.ts'
import {
  answerOf,
  type CheckedLimit,
  checkLimit,
  limitKey,
  scriptValues,
  verdictAt,
} from './limit.ts'

/** Options of {@link createRateLimiter}. */
export interface RateLimiterOptions {
  /** Names what is limited, an endpoint for instance; part of every key. */
  readonly name: string
  /** Requests that may come at once, and in every window on average. */
  readonly limit: number
  /**
   * The window, in milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly windowMs?: number
  /**
   * What to answer while Redis cannot be asked.
   *
   * @defaultValue `'in-memory'`
   */
  readonly onUnavailable?: OnUnavailable
}

/**
 * What a limiter answers while Redis cannot be asked: everything, nothing, or what the limit of
 * this process alone allows.
 */
export type OnUnavailable = 'allow' | 'deny' | 'in-memory'

/** What a limiter needs of the stores. */
export type RateLimiterStores = Pick<Stores, 'redis' | 'clock' | 'diagnostics'>

/** Defaults of {@link RateLimiterOptions}. */
export const rateLimiterDefaults = {
  windowMs: 60_000,
  onUnavailable: 'in-memory',
} as const satisfies Partial<RateLimiterOptions>

/** The answer to one request. */
export interface RateLimitAnswer {
  /** Whether it may pass. */
  readonly success: boolean
  /** The limit it was measured by. */
  readonly limit: number
  /** Requests that could pass right after it. */
  readonly remaining: number
  /** Time until the whole limit is there again, in milliseconds. */
  readonly resetMs: number
  /** Time until a request can pass, in milliseconds; 0 when one can now. */
  readonly retryAfterMs: number
  /** Whether Redis could not be asked, so that other processes' requests are not counted. */
  readonly isDegraded: boolean
}

/** Limits how often something may be done. */
export interface RateLimiter {
  /**
   * Counts one request of `subject` (a user, an address) and says whether it may pass. Requests are
   * earned back one by one, not at the end of a window. One round trip. Never rejects.
   */
  take(subject: string | number): Promise<RateLimitAnswer>
}

/**
 * Makes a limiter whose counts are shared by every process on the same Redis.
 *
 * @throws RangeError when limit or window break a rule.
 * @example
 * ```ts
 * const limiter = createRateLimiter(stores, { name: 'login', limit: 5, windowMs: 60_000 })
 * const { success, retryAfterMs } = await limiter.take(request.ip)
 * ```
 */
export function createRateLimiter(
  stores: RateLimiterStores,
  options: RateLimiterOptions,
): RateLimiter {
  return new RedisRateLimiter(stores, { ...rateLimiterDefaults, ...options })
}

class RedisRateLimiter implements RateLimiter {
  readonly #redis: RateLimiterStores['redis']
  readonly #fallback: Fallback
  readonly #limit: CheckedLimit
  readonly #values: string[]

  constructor(stores: RateLimiterStores, options: Required<RateLimiterOptions>) {
    this.#redis = stores.redis
    this.#fallback = new Fallback(stores, options.onUnavailable)
    this.#limit = checkLimit(options.name, options)
    this.#values = scriptValues(this.#limit)
  }

  async take(subject: string | number): Promise<RateLimitAnswer> {
    const key = limitKey(this.#redis, this.#limit, subject)
    const reply = await this.#redis.run('rate limit', (client) =>
      runScript(client, takeScript, { key, arguments: this.#values }),
    )
    if (reply.isErr())
      return this.#fallback.answers(
        [{ key, limit: this.#limit }],
        reply.error,
      )[0] as RateLimitAnswer
    this.#fallback.clear()
    return answerOf(this.#limit, verdictAt(reply.value as readonly unknown[], 0))
  }
}
