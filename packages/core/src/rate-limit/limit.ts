import { createHash } from 'node:crypto'
import { cacheKey } from '../cache-key.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Rate, Verdict } from './gcra.ts'
import type { RateLimitAnswer, RateLimiterOptions } from './rate-limiter.ts'

/** A limit whose options are in order. */
export interface CheckedLimit {
  /** What its keys end with. */
  readonly suffix: string
  /** Requests at once, and per window on average. */
  readonly limit: number
  /** The window, in milliseconds. */
  readonly windowMs: number
  /** The same as the algorithm takes it. */
  readonly rate: Rate
}

/**
 * Checks a limit.
 *
 * @throws RangeError when limit, window or name break a rule.
 */
export function checkLimit(
  name: string,
  { limit, windowMs }: Required<Pick<RateLimiterOptions, 'limit' | 'windowMs'>>,
): CheckedLimit {
  if (!Number.isInteger(limit) || limit < 1)
    throw new RangeError(`the limit of a rate limiter is a whole number of 1 or more: got ${limit}`)
  if (!(windowMs > 0) || windowMs > 31_536_000_000)
    throw new RangeError(
      `the window of a rate limiter is more than 0 ms and at most a year: got ${windowMs}`,
    )
  return {
    suffix: cacheKey('', name).text,
    limit,
    windowMs,
    rate: { burst: limit, intervalUs: Math.max(1, Math.floor((windowMs * 1_000) / limit)) },
  }
}

/**
 * A subject that is longer than that is named by its digest: it comes from outside, and a key is no
 * place for all of it.
 */
const maxSubjectLength = 50

/** Where a limit counts a subject's requests. */
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

/** A limit as the scripts take it. */
export function scriptValues({ rate }: CheckedLimit): string[] {
  return [String(rate.burst), String(rate.intervalUs)]
}

/** The verdict that stands at a place of a script's reply. */
export function verdictAt(reply: readonly unknown[], at: number): Verdict {
  return {
    isAllowed: reply[at] === 1,
    remaining: Number(reply[at + 1]),
    resetUs: Number(reply[at + 2]),
    retryAfterUs: Number(reply[at + 3]),
    arrivalUs: 0,
  }
}

/** What a verdict says to a caller. */
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
