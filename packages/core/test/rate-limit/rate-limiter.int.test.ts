import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  connect,
  createRateLimiter,
  Diagnostics,
  orThrow,
  type RateLimiter,
  type Stores,
} from '@headwater/core'
import { eventually, faultProxy, isolate, type IsolatedStores } from '@headwater/testing'
import { take } from '../../src/rate-limit/gcra.ts'

let own: IsolatedStores<'postgres' | 'redis'>
let stores: Stores
let others: Stores

beforeAll(async () => {
  own = await isolate(inject('stack'))
  stores = await open(own.redis.url)
  others = await open(own.redis.url)
})
afterAll(async () => {
  await Promise.all([stores.close(), others.close()])
  await own.dispose()
})

async function open(url: string, diagnostics = new Diagnostics()): Promise<Stores> {
  return orThrow(
    await connect({
      postgres: { url: own.postgres.url },
      redis: { url, keyPrefix: own.redis.prefix, deadlineMs: 1_000 },
      diagnostics,
    }),
  )
}

describe('a rate limiter', () => {
  test('A limiter lets exactly its limit through when two processes ask 200 times at once', async () => {
    const [one, other] = [stores, others].map((each) =>
      createRateLimiter(each, { name: 'burst', limit: 50, windowMs: 3_600_000 }),
    ) as [RateLimiter, RateLimiter]
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? one : other).take('user')),
    )
    const passed = answers.filter((answer) => answer.success)
    expect(passed).toHaveLength(50)
    expect(new Set(passed.map((answer) => answer.remaining)).size).toBe(50)
  })

  test('A request is earned back after its share of the window, when the answer said it would be', async () => {
    const limiter = createRateLimiter(stores, { name: 'share', limit: 4, windowMs: 4_000 })
    for (let n = 0; n < 4; n += 1)
      expect(await limiter.take('a')).toMatchObject({
        success: true,
        limit: 4,
        remaining: 3 - n,
        isDegraded: false,
      })
    const refused = await limiter.take('a')
    expect(refused).toMatchObject({ success: false, remaining: 0 })
    expect(refused.retryAfterMs).toBeGreaterThan(0)
    expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000)
    expect(refused.resetMs).toBeLessThanOrEqual(4_000)
    const startedMs = performance.now()
    await eventually(async () => (await limiter.take('a')).success)
    expect(performance.now() - startedMs).toBeLessThan(refused.retryAfterMs + 1_500)
  })

  test('Subjects and names are counted separately, whatever characters they hold', async () => {
    const limiter = createRateLimiter(stores, { name: 'apart', limit: 1 })
    const subjects = ['a', 'a:apart', 'a%3Aapart', '{a}', 'a b', 5]
    expect(
      (await Promise.all(subjects.map((subject) => limiter.take(subject)))).map(
        ({ success }) => success,
      ),
    ).toEqual(subjects.map(() => true))
    expect((await createRateLimiter(stores, { name: 'other', limit: 1 }).take('a')).success).toBe(
      true,
    )
    expect((await limiter.take('a')).success).toBe(false)
  })

  test('A limiter leaves no key in Redis once the whole limit is available again', async () => {
    const limiter = createRateLimiter(stores, { name: 'gone', limit: 2, windowMs: 100 })
    await limiter.take('x')
    await eventually(
      async () =>
        orThrow(
          await stores.redis.run('exists', (client) =>
            client.exists(`${own.redis.prefix}ratelimit:x:gone`),
          ),
        ) === 0,
    )
  })

  test('A limiter counts in Redis as it does in memory', async () => {
    const limiter = createRateLimiter(stores, { name: 'same', limit: 7, windowMs: 60_000 })
    let arrivalUs = 0
    for (let n = 0; n < 9; n += 1) {
      const verdict = take(
        { burst: 7, intervalUs: Math.floor(60_000_000 / 7) },
        arrivalUs,
        1_000_000_000,
      )
      arrivalUs = verdict.arrivalUs
      const answer = await limiter.take('x')
      expect([answer.success, answer.remaining]).toEqual([verdict.isAllowed, verdict.remaining])
      expect(Math.abs(answer.resetMs - verdict.resetUs / 1_000)).toBeLessThan(2_000)
    }
  })

  test('A limiter answers as configured while Redis is down, and shares counts again afterwards', async () => {
    const proxy = await faultProxy(own.redis.url)
    const diagnostics = new Diagnostics()
    let fallbacks = 0
    diagnostics.on('rate-limit:fallback', () => {
      fallbacks += 1
    })
    const alone = await open(proxy.url, diagnostics)
    proxy.cut()
    await eventually(() => !alone.redis.isAvailable)
    const answersOf = async (onUnavailable: 'allow' | 'deny' | 'in-memory') => {
      const limiter = createRateLimiter(alone, { name: onUnavailable, limit: 2, onUnavailable })
      return Promise.all([1, 2, 3].map(async () => (await limiter.take('x')).success))
    }
    expect(await answersOf('allow')).toEqual([true, true, true])
    expect(await answersOf('deny')).toEqual([false, false, false])
    expect(await answersOf('in-memory')).toEqual([true, true, false])
    expect(fallbacks).toBe(9)
    proxy.restore()
    const limiter = createRateLimiter(alone, { name: 'back', limit: 2 })
    await eventually(async () => !(await limiter.take('x')).isDegraded)
    orThrow(await alone.close())
    await proxy.close()
  })

  test('Options of a limiter that break a rule are refused at construction', () => {
    expect(() => createRateLimiter(stores, { name: 'x', limit: 0 })).toThrow(
      'createRateLimiter: limit: expected 1 or more: got 0',
    )
    expect(() => createRateLimiter(stores, { name: 'x', limit: 1, windowMs: NaN })).toThrow(
      'createRateLimiter: windowMs: expected milliseconds: got NaN',
    )
  })
})
