import { checkOptions, option, strictOptions } from '../check-options.ts'
import type { StoreError } from '../errors.ts'
import { once } from '../once.ts'
import type { ResultAsync } from '../result.ts'
import { Fallback } from './fallback.ts'
import {
  answerOf,
  checkedCost,
  type CheckedLimit,
  checkedLimit,
  limitKey,
  limitRules,
  onUnavailableRule,
  reportTaken,
} from './limit.ts'
import {
  type RateLimitAnswer,
  type RateLimiter,
  rateLimiterDefaults,
  type RateLimiterOptions,
  type RateLimiterStores,
  type TakeOptions,
} from './rate-limiter.ts'
import { look } from './scripts/look.ts'
import { take } from './scripts/take.ts'

const rules = once(() =>
  strictOptions<RateLimiterOptions>({
    ...limitRules(),
    name: option.text(),
    onUnavailable: onUnavailableRule(),
  }),
)

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
  return new RedisRateLimiter(stores, checkOptions('createRateLimiter', rules(), settings))
}

class RedisRateLimiter implements RateLimiter {
  readonly #redis: RateLimiterStores['redis']
  readonly #diagnostics: RateLimiterStores['diagnostics']
  readonly #fallback: Fallback
  readonly #limit: CheckedLimit

  constructor(stores: RateLimiterStores, options: Required<RateLimiterOptions>) {
    this.#redis = stores.redis.usedFor('rate-limits')
    this.#diagnostics = stores.diagnostics
    this.#fallback = new Fallback(stores, options.onUnavailable)
    this.#limit = checkedLimit(options.name, options)
  }

  async take(subject: string | number, options: TakeOptions = {}): Promise<RateLimitAnswer> {
    const answer = await this.#ask(subject, options, { isCounted: true })
    reportTaken(this.#diagnostics, { [this.#limit.name]: answer })
    return answer
  }

  peek(subject: string | number, options: TakeOptions = {}): Promise<RateLimitAnswer> {
    return this.#ask(subject, options, { isCounted: false })
  }

  reset(subject: string | number): ResultAsync<void, StoreError> {
    const key = limitKey(this.#redis, this.#limit, subject)
    this.#fallback.forget(key)
    return this.#redis.run('reset rate limit', (client) => client.unlink(key)).map(() => undefined)
  }

  async #ask(
    subject: string | number,
    options: TakeOptions,
    { isCounted }: { readonly isCounted: boolean },
  ): Promise<RateLimitAnswer> {
    const limit = this.#limit
    const key = limitKey(this.#redis, limit, subject)
    const cost = checkedCost([limit], options)
    const decide = isCounted ? take : look
    const verdict = await this.#redis.run('rate limit', (client) =>
      decide(client, key, limit.rate, cost),
    )
    if (verdict.isOk()) {
      this.#fallback.clear()
      return answerOf(limit, verdict.value)
    }
    const asked = [{ key, limit }]
    return this.#fallback.answers(asked, { cost, isCounted }, verdict.error)[0] as RateLimitAnswer
  }
}
