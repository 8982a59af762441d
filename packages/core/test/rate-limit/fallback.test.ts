import {
  createRateLimiter,
  createRateLimits,
  Diagnostics,
  err,
  ok,
  type RedisStore,
  ResultAsync,
  type StoreError,
} from '@headwater/core'
import { describe, expect, test } from 'vitest'

const down: StoreError = {
  type: 'store-unavailable',
  store: 'redis',
  operation: 'rate limit',
  message: 'down',
  retryable: true,
}

/** Stores whose Redis is down until it allows one request more. */
function limitedFixture() {
  let isDown = true
  const redis: { run: () => ResultAsync<unknown, StoreError>; [part: string]: unknown } = {
    keyPrefix: '',
    client: {},
    usedFor: () => redis,
    run: () => new ResultAsync(Promise.resolve(isDown ? err(down) : ok(reply))),
  }
  const reply = { isAllowed: true, remaining: 0, resetUs: 0, retryAfterUs: 0 }
  const replies = [reply]
  return {
    stores: {
      redis: redis as unknown as RedisStore,
      diagnostics: new Diagnostics(),
      clock: { now: () => 0, monotonic: () => 0 },
    },
    /** Answers one take of one limit, or of several. */
    answerFromRedis: async (take: () => Promise<unknown>, isSeveral = false) => {
      isDown = false
      if (isSeveral) redis.run = () => new ResultAsync(Promise.resolve(ok(replies as never)))
      await take()
      isDown = true
      redis.run = () => new ResultAsync(Promise.resolve(err(down)))
    },
  }
}

describe('the fallback of rate limits', () => {
  test('A limiter forgets the requests it counted in memory once Redis counts again', async () => {
    const { stores, answerFromRedis } = limitedFixture()
    const limiter = createRateLimiter(stores, { name: 'x', limit: 1 })
    const take = async () => (await limiter.take('a')).success
    expect([await take(), await take()]).toEqual([true, false])
    await answerFromRedis(take)
    expect(await take()).toBe(true)
  })

  test('Limits asked together forget the requests they counted in memory once Redis counts again', async () => {
    const { stores, answerFromRedis } = limitedFixture()
    const limits = createRateLimits(stores, { limits: { x: { limit: 1 } } })
    const take = async () => (await limits.take({ x: 'a' })).success
    expect([await take(), await take()]).toEqual([true, false])
    await answerFromRedis(take, true)
    expect(await take()).toBe(true)
  })
})
