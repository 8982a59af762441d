import { checkOptions, option } from '../check-options.ts'
import { Fallback } from './fallback.ts'
import {
  answerOf,
  type CheckedLimit,
  checkedLimit,
  limitKey,
  limitRules,
  onUnavailableRule,
} from './limit.ts'
import {
  type RateLimitAnswer,
  type RateLimiter,
  rateLimiterDefaults,
  type RateLimiterOptions,
  type RateLimiterStores,
} from './rate-limiter.ts'
import { take } from './scripts/take.ts'

const rules = limitRules.extend({ name: option.text, onUnavailable: onUnavailableRule })

/**
 * Creates a limiter whose counts are shared by every process on the same Redis.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule.
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
  const settings = { ...rateLimiterDefaults, ...options }
  return new RedisRateLimiter(stores, checkOptions('createRateLimiter', rules, settings))
}

class RedisRateLimiter implements RateLimiter {
  readonly #redis: RateLimiterStores['redis']
  readonly #fallback: Fallback
  readonly #limit: CheckedLimit

  constructor(stores: RateLimiterStores, options: Required<RateLimiterOptions>) {
    this.#redis = stores.redis
    this.#fallback = new Fallback(stores, options.onUnavailable)
    this.#limit = checkedLimit(options.name, options)
  }

  async take(subject: string | number): Promise<RateLimitAnswer> {
    const limit = this.#limit
    const key = limitKey(this.#redis, limit, subject)
    const verdict = await this.#redis.run('rate limit', (client) => take(client, key, limit.rate))
    if (verdict.isErr())
      return this.#fallback.answers([{ key, limit }], verdict.error)[0] as RateLimitAnswer
    this.#fallback.clear()
    return answerOf(limit, verdict.value)
  }
}
