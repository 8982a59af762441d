import type { StoreError } from '../errors.ts'
import { answerOf, type LimitedTake } from './limit.ts'
import { MemoryLimiter } from './memory-limiter.ts'
import type { OnUnavailable, RateLimitAnswer, RateLimiterStores } from './rate-limiter.ts'

/** A request that Redis could not be asked about. */
export interface FallbackRequest {
  /** The number of requests it counts as. */
  readonly cost: number
  /** Whether it is counted, or only looked at. */
  readonly isCounted: boolean
}

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

  /** Answers a request, once per limit, and reports the failure that made it necessary. */
  answers(
    takes: readonly LimitedTake[],
    { cost, isCounted }: FallbackRequest,
    error: StoreError,
  ): RateLimitAnswer[] {
    this.#diagnostics.emit('rate-limit:fallback', { error })
    if (this.#onUnavailable === 'allow') return takes.map(allowed)
    if (this.#onUnavailable === 'deny') return takes.map(denied)
    const asked = takes.map(({ key, limit: { rate } }) => ({ key, rate }))
    const verdicts = isCounted ? this.#memory.take(asked, cost) : this.#memory.look(asked, cost)
    return takes.flatMap(({ limit }, at) => {
      const verdict = verdicts[at]
      return verdict === undefined ? [] : [answerOf(limit, verdict, true)]
    })
  }

  /** Forgets the requests of one subject. */
  forget(key: string): void {
    this.#memory.forget(key)
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
