import type { RedisClientType } from '@redis/client'
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
import { look, type Rate, take, type Verdict } from '../../src/rate-limit/gcra.ts'
import { look as lookScript } from '../../src/rate-limit/scripts/look.ts'
import { takeAll } from '../../src/rate-limit/scripts/take-all.ts'
import { take as takeScript } from '../../src/rate-limit/scripts/take.ts'
import { untake } from '../../src/rate-limit/scripts/untake.ts'

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
      connectDeadlineMs: 60_000,
      postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
      redis: { url, keyPrefix: own.redis.prefix, deadlineMs: 10_000, required: true },
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
    const limiter = createRateLimiter(stores, { name: 'share', limit: 4, windowMs: 24_000 })
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
    expect(refused.retryAfterMs).toBeLessThanOrEqual(6_000)
    expect(refused.resetMs).toBeLessThanOrEqual(24_000)
    const startedMs = performance.now()
    await eventually(async () => (await limiter.take('a')).success)
    expect(performance.now() - startedMs).toBeLessThan(refused.retryAfterMs + 12_000)
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
    const limiter = createRateLimiter(stores, { name: 'same', limit: 7, windowMs: 3_600_000 })
    let arrivalUs = 0
    for (let n = 0; n < 9; n += 1) {
      const verdict = take(
        { burst: 7, intervalUs: Math.floor(3_600_000_000 / 7) },
        arrivalUs,
        1_000_000_000,
      )
      arrivalUs = verdict.arrivalUs
      const answer = await limiter.take('x')
      expect([answer.success, answer.remaining]).toEqual([verdict.isAllowed, verdict.remaining])
      expect(Math.abs(answer.resetMs - verdict.resetUs / 1_000)).toBeLessThan(60_000)
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

describe('scripts of rate limits', () => {
  const rate: Rate = { burst: 10, intervalUs: 60_000_000 }
  const client = () => stores.redis.client as RedisClientType
  const nowUs = async () => {
    const [seconds, microseconds] = await client().sendCommand<string[]>(['TIME'])
    return Number(seconds) * 1_000_000 + Number(microseconds)
  }
  let keys = 0
  /** A key with an arrival time so many requests ahead of now. */
  const keyWith = async (requests: number): Promise<{ key: string; arrivalUs: number }> => {
    const key = `${own.redis.prefix}script${(keys += 1)}`
    if (requests === 0) return { key, arrivalUs: 0 }
    const arrivalUs = (await nowUs()) + requests * rate.intervalUs
    await stores.redis.client.set(key, String(arrivalUs), { PX: 3_600_000 })
    return { key, arrivalUs }
  }
  /** Expects an answer between those of the moments before and after it, and returns it. */
  const expectBetween = async <V extends Omit<Verdict, 'arrivalUs'>>(
    ask: () => Promise<V>,
    verdictAt: (nowUs: number) => Verdict,
  ): Promise<V> => {
    const before = verdictAt(await nowUs())
    const answer = await ask()
    const after = verdictAt(await nowUs())
    expect(answer.isAllowed).toBe(before.isAllowed)
    expect([before.remaining, after.remaining]).toContain(answer.remaining)
    for (const time of ['resetUs', 'retryAfterUs'] as const) {
      expect(answer[time]).toBeLessThanOrEqual(before[time])
      expect(answer[time]).toBeGreaterThanOrEqual(after[time])
    }
    return answer
  }
  /** Expects a count that stands, and lives, for so long. */
  const expectCount = async (key: string, untilUs: number) => {
    const [arrival, ttlMs] = [
      await stores.redis.client.get(key),
      await stores.redis.client.pTTL(key),
    ]
    const leftUs = untilUs - (await nowUs())
    expect(Number(arrival)).toBe(untilUs)
    expect(Math.abs(Number(ttlMs) - leftUs / 1_000)).toBeLessThan(60_000)
  }

  const states = [0, 3.5, 7.5, 9.5, 20]

  test.each(states)(
    'Each script of rate limits decides as in memory when %d of 10 requests are taken',
    async (taken) => {
      for (const cost of [1, 2, 10]) {
        const { key, arrivalUs } = await keyWith(taken)
        const lookAt = (now: number) => look(rate, arrivalUs, now, cost)
        const takeAt = (arrival: number) => (now: number) => take(rate, arrival, now, cost)
        await expectBetween(() => lookScript(client(), key, rate, cost), lookAt)
        const [other, free] = [await keyWith(taken), await keyWith(0)]
        const takes = [other.key, free.key].map((each) => ({ key: each, rate }))
        await expectBetween(() => takeScript(client(), key, rate, cost), takeAt(arrivalUs))
        const together: Verdict[] = []
        await expectBetween(async () => {
          together.push(...(await takeAll(client(), takes, cost)))
          return together[0] as Verdict
        }, takeAt(other.arrivalUs))
        const isAllowed = together[0]?.isAllowed === true
        const untaken = { remaining: isAllowed ? 10 - cost : 10, retryAfterUs: 0 }
        expect(together[1]).toMatchObject({ isAllowed: true, ...untaken })
        expect(together[1]?.resetUs).toBe(isAllowed ? cost * rate.intervalUs : 0)
      }
    },
  )

  test('Taking back leaves the count as if the request had not been asked', async () => {
    const { key, arrivalUs } = await keyWith(7.5)
    const resetUs = await untake(client(), key, rate, 2)
    await expectCount(key, arrivalUs - 2 * rate.intervalUs)
    expect(resetUs).toBeLessThanOrEqual(5.5 * rate.intervalUs)
    expect(resetUs).toBeGreaterThan(5 * rate.intervalUs)
    expect(await untake(client(), key, rate, 6)).toBe(0)
    expect(await stores.redis.client.exists(key)).toBe(0)
  })

  test('A request that is taken counts, and its count lives until the whole burst is back', async () => {
    const [one, other] = [await keyWith(3.5), await keyWith(3.5)]
    await takeScript(client(), one.key, rate, 2)
    await takeAll(client(), [{ key: other.key, rate }], 2)
    for (const { key, arrivalUs } of [one, other])
      await expectCount(key, arrivalUs + 2 * rate.intervalUs)
  })
})
