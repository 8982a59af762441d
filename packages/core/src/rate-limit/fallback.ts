import type { StoreError } from '../errors.ts'
import { answerOf, type LimitedTake } from './limit.ts'
import { MemoryLimiter } from './memory-limiter.ts'
import type { OnUnavailable, RateLimitAnswer, RateLimiterStores } from './rate-limiter.ts'

/** Answers for a limiter while Redis cannot be asked. */
export class Fallback {
  readonly #diagnostics: RateLimiterStores['diagnostics']
  readonly #onUnavailable: OnUnavailable
  readonly #memory: MemoryLimiter

  constructor({ diagnostics, clock }: RateLimiterStores, onUnavailable: OnUnavailable) {
    this.#diagnostics = diagnostics
    this.#onUnavailable = onUnavailable
    this.#memory = new MemoryLimiter(clock)
  }

  /** Answers one request, once per limit, and reports the failure that made it necessary. */
  answers(takes: readonly LimitedTake[], error: StoreError): RateLimitAnswer[] {
    this.#diagnostics.emit('rate-limit:fallback', { error })
    if (this.#onUnavailable === 'allow') return takes.map(allowed)
    if (this.#onUnavailable === 'deny') return takes.map(denied)
    const verdicts = this.#memory.take(takes.map(({ key, limit: { rate } }) => ({ key, rate })))
    return takes.flatMap(({ limit }, at) => {
      const verdict = verdicts[at]
      return verdict === undefined ? [] : [answerOf(limit, verdict, true)]
    })
  }

  /** Forgets the requests counted here; called once Redis counts again. */
  clear(): void {
    this.#memory.clear()
  }
}

function allowed({ limit: { limit } }: LimitedTake): RateLimitAnswer {
  return {
    success: true,
    limit,
    remaining: limit,
    resetMs: 0,
    retryAfterMs: 0,
    isDegraded: true,
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
