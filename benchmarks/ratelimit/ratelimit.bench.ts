// The cost of a rate limit: one request against the same script sent by hand with EVALSHA, many at
// once and one by one; two limits against two scripts by hand.
import { createRateLimiter, createRateLimits } from '@headwater/core'
import { takeScript } from '../../packages/core/src/rate-limit/scripts/take.ts'
import {
  callers,
  type Duel,
  benchAgainstRedis,
  inARow,
  together,
} from '../measure/against-redis.ts'

const rate = { limit: 1_000_000, windowMs: 60_000 }
const rateValues = [String(rate.limit), String((rate.windowMs * 1_000) / rate.limit)]
const subjects = Array.from({ length: callers }, (_, n) => `user ${n}`)

await benchAgainstRedis(async (stores, client) => {
  const sha = await client.scriptLoad(takeScript.source)
  const limiter = createRateLimiter(stores, { name: 'ours', ...rate })
  const limits = createRateLimits(stores, { limits: { user: rate, address: rate } })
  const byHand = async (subject: string, name = 'theirs'): Promise<unknown> => {
    const [allowed, remaining, resetUs, retryAfterUs] = (await client.evalSha(sha, {
      keys: [`ratelimit:${encodeURIComponent(subject)}:${name}`],
      arguments: rateValues,
    })) as number[]
    return {
      success: allowed === 1,
      limit: rate.limit,
      remaining,
      resetMs: Math.ceil(Number(resetUs) / 1_000),
      retryAfterMs: Math.ceil(Number(retryAfterUs) / 1_000),
    }
  }
  const duel = (
    ours: (subject: string) => PromiseLike<unknown>,
    theirs: (subject: string) => PromiseLike<unknown>,
  ): Duel<string> => ({
    ours: { items: subjects, one: ours },
    theirs: { items: subjects, one: theirs },
  })
  const one = duel(
    (subject) => limiter.take(subject),
    (subject) => byHand(subject),
  )
  const two = duel(
    (subject) => limits.take({ user: subject, address: subject }),
    (subject) => Promise.all([byHand(subject, 'a'), byHand(subject, 'b')]),
  )
  return { vsRaw: together(one), oneByOneVsRaw: inARow(one), twoLimitsVsRaw: together(two) }
})
