import { createHash } from 'node:crypto'
import {
  connect,
  createRateLimiter,
  createRateLimits,
  orThrow,
  type RateLimiter,
  type Stores,
} from '@headwater/core'
import { faultProxy, type FaultProxy, isolate, type IsolatedStores } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

let own: IsolatedStores<'postgres' | 'redis'>
let proxy: FaultProxy
let stores: Stores
let limiters = 0
beforeAll(async () => {
  own = await isolate(inject('stack'))
  proxy = await faultProxy(own.redis.url)
  stores = orThrow(
    await connect({
      connectDeadlineMs: 60_000,
      postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
      redis: {
        url: proxy.url,
        keyPrefix: own.redis.prefix,
        deadlineMs: 10_000,
        required: true,
      },
    }),
  )
})
afterAll(async () => {
  orThrow(await stores.close())
  await proxy.close()
  await own.dispose()
})

const limiterOf = (limit: number): RateLimiter =>
  createRateLimiter(stores, { name: `limiter ${(limiters += 1)}`, limit, windowMs: 3_600_000 })

const missing = [
  ['undefined', undefined],
  ['null', null],
  ['', ''],
  ['NaN', Number.NaN],
  ['[object Object]', {}],
] as const

test.each(missing)(
  'A request of the subject "%s" is refused with a TypeError and counts nowhere',
  async (text, subject) => {
    const limiter = limiterOf(1)
    await expect(limiter.take(subject as never)).rejects.toThrow(TypeError)
    await expect(limiter.peek(subject as never)).rejects.toThrow(TypeError)
    await expect((async () => orThrow(await limiter.reset(subject as never)))()).rejects.toThrow(
      TypeError,
    )
    expect((await limiter.take(text || 'empty')).success).toBe(true)
  },
)

const digests = ['hex', 'base64url'] as const

test.each(digests)(
  'A subject that is the %s digest of a long one has a count of its own',
  async (form) => {
    const limiter = limiterOf(1)
    const long = 'a-very-long-address@'.repeat(5)
    expect((await limiter.take(long)).success).toBe(true)
    const digest = createHash('sha256').update(long).digest(form)
    expect((await limiter.take(digest)).success).toBe(true)
    expect((await limiter.take(long)).success).toBe(false)
  },
)

describe('the cost of a request', () => {
  test('A request counts as its cost, and is refused when less is left', async () => {
    const limiter = limiterOf(10)
    expect(await limiter.take('a', { cost: 7 })).toMatchObject({ success: true, remaining: 3 })
    const refused = await limiter.take('a', { cost: 4 })
    expect(refused).toMatchObject({ success: false, remaining: 3 })
    expect(refused.retryAfterMs).toBeGreaterThan(300_000)
    expect(refused.retryAfterMs).toBeLessThanOrEqual(360_000)
    expect(await limiter.take('a', { cost: 3 })).toMatchObject({ success: true, remaining: 0 })
  })

  const impossible = [0, -1, 1.5, Number.NaN, 11]

  test.each(impossible)('A cost of %d under a limit of 10 is a RangeError', async (cost) => {
    await expect(limiterOf(10).take('a', { cost })).rejects.toThrow(RangeError)
  })

  test('Several limits count the cost together, or none of them does', async () => {
    const limits = createRateLimits(stores, { limits: { user: { limit: 5 }, all: { limit: 8 } } })
    const take = (user: string) => limits.take({ user, all: 'everyone' }, { cost: 4 })
    expect(await take('a')).toMatchObject({ success: true, remaining: 1 })
    const refused = await take('a')
    expect(refused.refusedBy).toEqual(['user'])
    expect([refused.limits.user?.remaining, refused.limits.all?.remaining]).toEqual([1, 4])
    expect(await take('b')).toMatchObject({ success: true, remaining: 0 })
  })

  test('The name of no limit is a TypeError', async () => {
    const limits = createRateLimits(stores, { limits: { user: { limit: 5 } } })
    await expect(limits.take({ usr: 'a' } as object)).rejects.toThrow('there is no rate limit usr')
  })
})

describe('looking and resetting', () => {
  test('A look gives the answer of the next request and counts nothing', async () => {
    const limiter = limiterOf(2)
    for (let nth = 0; nth < 5; nth += 1)
      expect(await limiter.peek('a')).toMatchObject({ success: true, remaining: 2, resetMs: 0 })
    await limiter.take('a', { cost: 2 })
    const looked = await limiter.peek('a')
    expect(looked).toMatchObject({ success: false, remaining: 0 })
    expect(looked.retryAfterMs).toBeGreaterThan(0)
    expect(await limiter.peek('a', { cost: 2 })).toMatchObject({ success: false })
  })

  test('A reset subject has its whole limit again, and only that subject', async () => {
    const limiter = limiterOf(1)
    await Promise.all([limiter.take('a'), limiter.take('b')])
    orThrow(await limiter.reset('a'))
    expect((await limiter.take('a')).success).toBe(true)
    expect((await limiter.take('b')).success).toBe(false)
  })

  test('Several limits are looked at and reset together', async () => {
    const limits = createRateLimits(stores, {
      limits: { login: { limit: 1 }, address: { limit: 2 } },
    })
    const subjects = { login: 'ada', address: '10.0.0.1' }
    await limits.take(subjects)
    expect(await limits.peek(subjects)).toMatchObject({ success: false, refusedBy: ['login'] })
    orThrow(await limits.reset({ login: 'ada' }))
    expect(await limits.peek(subjects)).toMatchObject({ success: true, remaining: 1 })
  })

  test('While Redis is down looks count nothing in memory either, and a reset fails', async () => {
    const limiter = limiterOf(2)
    proxy.cut()
    expect(await limiter.peek('a')).toMatchObject({ success: true, remaining: 2, isDegraded: true })
    expect(await limiter.take('a', { cost: 2 })).toMatchObject({ success: true, remaining: 0 })
    expect((await limiter.peek('a')).success).toBe(false)
    expect((await limiter.reset('a')).isErr()).toBe(true)
    expect((await limiter.peek('a')).success).toBe(true)
    proxy.restore()
  })
})
