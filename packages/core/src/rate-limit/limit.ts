import * as z from 'zod/mini'
import { cacheKey } from '../cache-key.ts'
import { option } from '../check-options.ts'
import type { Diagnostics } from '../diagnostics.ts'
import { once } from '../once.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Rate, Verdict } from './gcra.ts'
import { isName, shortName } from '../short-name.ts'
import type {
  OnUnavailable,
  RateLimitAnswer,
  RateLimiterOptions,
  TakeOptions,
} from './rate-limiter.ts'

/** A checked limit. */
export interface CheckedLimit {
  /** Its name. */
  readonly name: string
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
export const limitRules = once(() => ({
  limit: option.count(),
  windowMs: option.durationMs().check(z.maximum(yearMs, 'expected at most a year')),
}))

/** Rule for the answer while Redis cannot be asked. */
export const onUnavailableRule = once(() =>
  z.enum(
    ['allow', 'deny', 'in-memory'] as const satisfies readonly OnUnavailable[],
    `expected 'allow', 'deny' or 'in-memory'`,
  ),
)

/** Prepares a limit whose options have been checked. */
export function checkedLimit(
  name: string,
  { limit, windowMs }: Required<Pick<RateLimiterOptions, 'limit' | 'windowMs'>>,
): CheckedLimit {
  return {
    name,
    suffix: cacheKey('', name).text,
    limit,
    windowMs,
    rate: { burst: limit, intervalUs: Math.max(1, Math.floor((windowMs * 1_000) / limit)) },
  }
}

/**
 * The key of a subject's count.
 *
 * @throws TypeError for a missing subject.
 */
export function limitKey(
  { keyPrefix }: Pick<RedisStore, 'keyPrefix'>,
  { name, suffix }: CheckedLimit,
  subject: string | number,
): string {
  if (!isName(subject))
    throw new TypeError(
      `rate limit ${name}: expected a text or a number as subject: got ${String(subject)}`,
    )
  return `${keyPrefix}${cacheKey('ratelimit', ...shortName(subject)).text}${suffix}`
}

/**
 * Returns the cost of a request.
 *
 * @throws RangeError when no request of this cost could ever pass, or it is no whole number.
 */
export function checkedCost(limits: readonly CheckedLimit[], { cost = 1 }: TakeOptions): number {
  for (const { name, limit } of limits)
    if (!Number.isInteger(cost) || cost < 1 || cost > limit)
      throw new RangeError(
        `rate limit ${name}: expected a cost that is a whole number from 1 to ${limit}: got ${cost}`,
      )
  return cost
}

/** Reports the answers of limits to a request, by their names. */
export function reportTaken(
  diagnostics: Diagnostics,
  answers: Readonly<Partial<Record<string, RateLimitAnswer>>>,
): void {
  if (!diagnostics.isHeard('rate-limit:taken')) return
  for (const [limit, answer] of Object.entries(answers))
    if (answer !== undefined)
      diagnostics.emit('rate-limit:taken', { limit, isAllowed: answer.success })
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
