import type { StoreError } from '../errors.ts'
import { answerOf, type CheckedLimit } from './limit.ts'
import { MemoryLimiter } from './memory-limiter.ts'
import type { OnUnavailable, RateLimitAnswer, RateLimiterStores } from './rate-limiter.ts'

/** One request as one limit sees it. */
export interface LimitedTake {
  /** Where the limit counts it. */
  readonly key: string
  /** The limit. */
  readonly limit: CheckedLimit
}

/** What a limiter answers while Redis cannot be asked. */
export class Fallback {
  readonly #stores: RateLimiterStores
  readonly #onUnavailable: OnUnavailable
  readonly #memory: MemoryLimiter

  constructor(stores: RateLimiterStores, onUnavailable: OnUnavailable) {
    this.#stores = stores
    this.#onUnavailable = onUnavailable
    this.#memory = new MemoryLimiter(stores.clock)
  }

  /** Answers one request, one answer per limit, and reports why it had to. */
  answers(takes: readonly LimitedTake[], error: StoreError): RateLimitAnswer[] {
    this.#stores.diagnostics.emit('rate-limit:fallback', { error })
    if (this.#onUnavailable === 'allow')
      return takes.map(({ limit: { limit } }) => ({
        success: true,
        limit,
        remaining: limit,
        resetMs: 0,
        retryAfterMs: 0,
        isDegraded: true,
      }))
    if (this.#onUnavailable === 'deny') return takes.map(denied)
    const verdicts = this.#memory.take(takes.map(({ key, limit: { rate } }) => ({ key, rate })))
    return takes.flatMap(({ limit }, index) => {
      const verdict = verdicts[index]
      return verdict === undefined ? [] : [answerOf(limit, verdict, true)]
    })
  }

  /** Forgets what was counted here: Redis counts again. */
  clear(): void {
    this.#memory.clear()
  }
}

function denied({ limit: { limit, windowMs } }: LimitedTake): RateLimitAnswer {
  return {
    success: false,
    limit,
    remaining: 0,
    resetMs: windowMs,
    retryAfterMs: Math.min(1_000, windowMs),
    isDegraded: true,
  }
}
