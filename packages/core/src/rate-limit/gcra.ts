import { redisScript } from '../stores/redis-script.ts'

/**
 * How fast one subject may go: `burst` at once, and one more every `intervalUs` microseconds.
 */
export interface Rate {
  /** Requests at once. */
  readonly burst: number
  /** Microseconds in which one request is earned back. */
  readonly intervalUs: number
}

/**
 * What the algorithm says to one request. Times in microseconds.
 */
export interface Verdict {
  /** Whether it may pass. */
  readonly isAllowed: boolean
  /** Requests that could pass right after it. */
  readonly remaining: number
  /** Time until all of the burst is there again. */
  readonly resetUs: number
  /** Time until a request can pass; 0 when it may pass now. */
  readonly retryAfterUs: number
  /** When all of the burst is there again, to be remembered: the theoretical arrival time. */
  readonly arrivalUs: number
}

/**
 * The generic cell rate algorithm for one request at `nowUs`; `arrivalUs` is what was remembered of the one before, 0 when nothing was. The same
 * arithmetic as {@link takeScript}.
 */
export function take(rate: Rate, arrivalUs: number, nowUs: number): Verdict {
  const since = Math.max(arrivalUs, nowUs)
  const next = since + rate.intervalUs
  const slack = nowUs + rate.burst * rate.intervalUs - next
  if (slack < 0) return { isAllowed: false, remaining: 0, resetUs: since - nowUs, retryAfterUs: -slack, arrivalUs }
  const remaining = Math.floor(slack / rate.intervalUs)
  return { isAllowed: true, remaining, resetUs: next - nowUs, retryAfterUs: 0, arrivalUs: next }
}

/**
 * The same in Redis, in server time.
 *
 * States of `ratelimit:{subject}:{endpoint}`: absent (all of the burst is there) → the theoretical arrival time in microseconds, expiring at that
 * time → absent. A refused request changes nothing.
 *
 * ARGV: burst, interval in microseconds. Reply: `[allowed 0 | 1, remaining, reset µs, retry after µs]`.
 */
export const takeScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local burst, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
local since = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local next = since + interval
local slack = now + burst * interval - next
if slack < 0 then return { 0, 0, since - now, -slack } end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return { 1, math.floor(slack / interval), next - now, 0 }
`)
