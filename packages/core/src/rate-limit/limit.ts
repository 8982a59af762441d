import { createHash } from 'node:crypto'
import { z } from 'zod'
import { cacheKey } from '../cache-key.ts'
import { option } from '../check-options.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Rate, Verdict } from './gcra.ts'
import type { OnUnavailable, RateLimitAnswer, RateLimiterOptions } from './rate-limiter.ts'

/** A checked limit. */
export interface CheckedLimit {
  /** The end of its keys. */
  readonly suffix: string
  /** Requests at once, and on average in every window. */
  readonly limit: number
  /** The window, in milliseconds. */
  readonly windowMs: number
  /** Limit and window in the terms of the algorithm. */
  readonly rate: Rate
}

/** One request of one limit. */
export interface LimitedTake {
  /** The key of its count. */
  readonly key: string
  /** The limit. */
  readonly limit: CheckedLimit
}

const yearMs = 31_536_000_000

/** Rules for the options of one limit. */
export const limitRules = z.object({
  limit: option.count,
  windowMs: option.durationMs.max(yearMs, 'expected at most a year'),
})

/** Rule for the answer while Redis cannot be asked. */
export const onUnavailableRule = z.enum(
  ['allow', 'deny', 'in-memory'] as const satisfies readonly OnUnavailable[],
  `expected 'allow', 'deny' or 'in-memory'`,
)

/** Prepares a limit whose options have been checked. */
export function checkedLimit(
  name: string,
  { limit, windowMs }: Required<Pick<RateLimiterOptions, 'limit' | 'windowMs'>>,
): CheckedLimit {
  return {
    suffix: cacheKey('', name).text,
    limit,
    windowMs,
    rate: { burst: limit, intervalUs: Math.max(1, Math.floor((windowMs * 1_000) / limit)) },
  }
}

/** Longer subjects are replaced by their digest: they come from outside, and keys stay short. */
const maxSubjectLength = 50

/** The key of a subject's count. */
export function limitKey(
  { keyPrefix }: Pick<RedisStore, 'keyPrefix'>,
  { suffix }: CheckedLimit,
  subject: string | number,
): string {
  const text = String(subject)
  const name =
    text.length > maxSubjectLength ? createHash('sha256').update(text).digest('base64url') : text
  return `${keyPrefix}${cacheKey('ratelimit', name).text}${suffix}`
}

/** The answer to a caller. */
export function answerOf(
  { limit }: CheckedLimit,
  { isAllowed, remaining, resetUs, retryAfterUs }: Verdict,
  isDegraded = false,
): RateLimitAnswer {
  return {
    success: isAllowed,
    limit,
    remaining,
    resetMs: Math.ceil(resetUs / 1_000),
    retryAfterMs: Math.ceil(retryAfterUs / 1_000),
    isDegraded,
  }
}
