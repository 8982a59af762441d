import { cacheKey } from '../cache/cache-key.ts'
import type { StoreError } from '../errors.ts'
import { runScript } from '../stores/redis-script.ts'
import type { Stores } from '../stores/stores.ts'
import { type Rate, takeScript, type Verdict } from './gcra.ts'
import { MemoryLimiter } from './memory-limiter.ts'

/**
 * Options of {@link createRateLimiter}.
 */
export interface RateLimiterOptions {
  /**
   * Names what is limited, an endpoint for instance; part of every key.
   */
  readonly name: string
  /**
   * Requests that may come at once, and in every window on average.
   */
  readonly limit: number
  /**
   * The window, in milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly windowMs?: number
  /**
   * What to answer while Redis cannot be asked: everything, nothing, or what the limit of this process alone allows.
   *
   * @defaultValue `'in-memory'`
   */
  readonly onUnavailable?: 'allow' | 'deny' | 'in-memory'
}

/** Defaults of {@link RateLimiterOptions}. */
export const rateLimiterDefaults = { windowMs: 60_000, onUnavailable: 'in-memory' } as const satisfies Partial<RateLimiterOptions>

/**
 * The answer to one request.
 */
export interface RateLimitAnswer {
  /**
   * Whether it may pass.
   */
  readonly success: boolean
  /**
   * The limit it was measured by.
   */
  readonly limit: number
  /**
   * Requests that could pass right after it.
   */
  readonly remaining: number
  /**
   * Time until the whole limit is there again, in milliseconds.
   */
  readonly resetMs: number
  /**
   * Time until a request can pass, in milliseconds; 0 when one can now.
   */
  readonly retryAfterMs: number
  /**
   * Whether Redis could not be asked, so that other processes' requests are not counted.
   */
  readonly isDegraded: boolean
}

/**
 * Limits how often something may be done.
 */
export interface RateLimiter {
  /**
   * Counts one request of `subject` (a user, an address) and says whether it may pass. Requests are earned back one by one, not at the end of a
   * window. One round trip. Never rejects.
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
export function createRateLimiter(stores: Pick<Stores, 'redis' | 'clock' | 'diagnostics'>, options: RateLimiterOptions): RateLimiter {
  return new RedisRateLimiter(stores, { ...rateLimiterDefaults, ...options })
}

class RedisRateLimiter implements RateLimiter {
  readonly #stores: Pick<Stores, 'redis' | 'clock' | 'diagnostics'>
  readonly #options: Required<RateLimiterOptions>
  readonly #rate: Rate
  readonly #memory: MemoryLimiter

  constructor(stores: Pick<Stores, 'redis' | 'clock' | 'diagnostics'>, options: Required<RateLimiterOptions>) {
    this.#stores = stores
    this.#options = options
    this.#rate = rateOf(options)
    this.#memory = new MemoryLimiter(this.#rate, stores.clock)
  }

  async take(subject: string | number): Promise<RateLimitAnswer> {
    const { redis } = this.#stores
    const { text } = cacheKey('ratelimit', subject, this.#options.name)
    const call = { key: `${redis.keyPrefix}${text}`, arguments: [String(this.#rate.burst), String(this.#rate.intervalUs)] }
    const reply = await redis.run('rate limit', (client) => runScript(client, takeScript, call))
    if (reply.isErr()) return this.#withoutRedis(text, reply.error)
    this.#memory.clear()
    const [allowed = 0, remaining = 0, resetUs = 0, retryAfterUs = 0] = (reply.value as unknown[]).map(Number)
    return this.#answer({ isAllowed: allowed === 1, remaining, resetUs, retryAfterUs }, false)
  }

  #withoutRedis(subject: string, error: StoreError): RateLimitAnswer {
    this.#stores.diagnostics.emit('rate-limit:fallback', { error })
    const { limit, windowMs, onUnavailable } = this.#options
    if (onUnavailable === 'in-memory') return this.#answer(this.#memory.take(subject), true)
    if (onUnavailable === 'allow') return { success: true, limit, remaining: limit, resetMs: 0, retryAfterMs: 0, isDegraded: true }
    const retryAfterMs = Math.min(1_000, windowMs)
    return { success: false, limit, remaining: 0, resetMs: windowMs, retryAfterMs, isDegraded: true }
  }

  #answer({ isAllowed, remaining, resetUs, retryAfterUs }: Omit<Verdict, 'arrivalUs'>, isDegraded: boolean): RateLimitAnswer {
    return { success: isAllowed, limit: this.#options.limit, remaining, resetMs: Math.ceil(resetUs / 1_000), retryAfterMs: Math.ceil(retryAfterUs / 1_000), isDegraded }
  }
}

function rateOf({ limit, windowMs }: Required<RateLimiterOptions>): Rate {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`the limit of a rate limiter is a whole number of 1 or more: got ${limit}`)
  if (!(windowMs > 0) || windowMs > 31_536_000_000) throw new RangeError(`the window of a rate limiter is more than 0 ms and at most a year: got ${windowMs}`)
  return { burst: limit, intervalUs: Math.max(1, Math.floor((windowMs * 1_000) / limit)) }
}
