import {
  connect,
  createRateLimiter,
  createRateLimits,
  migrate,
  orThrow,
  type RateLimitAnswer,
  type RateLimits,
  type Stores,
} from '@headwater/core'
import {
  eventually,
  faultProxy,
  isolate,
  type IsolatedStores,
  type RedisCluster,
  startRedisCluster,
} from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const kinds = ['a single server', 'a cluster of three masters'] as const

describe.each(kinds)('limits that are asked together, on %s', (kind) => {
  let own: IsolatedStores<'postgres' | 'redis'>
  let cluster: RedisCluster | undefined
  let stores: Stores
  let others: Stores

  beforeAll(async () => {
    own = await isolate(inject('stack'))
    cluster = kind === 'a single server' ? undefined : await startRedisCluster()
    const address = cluster === undefined ? { url: own.redis.url } : { rootNodes: cluster.urls }
    const open = async () =>
      orThrow(
        await connect({
          connectDeadlineMs: 60_000,
          postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
          redis: { ...address, keyPrefix: own.redis.prefix, deadlineMs: 10_000, required: true },
        }),
      )
    stores = await open()
    others = await open()
    orThrow(await migrate(stores))
  })
  afterAll(async () => {
    await Promise.all([stores.close(), others.close()])
    await Promise.all([own.dispose(), cluster?.stop()])
  })

  const hour = 3_600_000

  test('A request that all limits let pass is counted by each of them', async () => {
    const limits = createRateLimits(stores, {
      limits: { user: { limit: 3, windowMs: hour }, address: { limit: 10, windowMs: hour } },
    })
    const answer = await limits.take({ user: 'a', address: '1' })
    expect(answer).toMatchObject({
      success: true,
      limit: 3,
      remaining: 2,
      retryAfterMs: 0,
      isDegraded: false,
      refusedBy: [],
    })
    expect(answer.limits).toMatchObject({
      user: { limit: 3, remaining: 2 },
      address: { limit: 10, remaining: 9 },
    })
    expect(
      await createRateLimiter(stores, { name: 'address', limit: 10, windowMs: hour }).take('1'),
    ).toMatchObject({ success: true, remaining: 8 })
  })

  test('A request that one limit refuses is counted by none, and the answer names the limit and the wait', async () => {
    const limits = createRateLimits(stores, {
      limits: { scarce: { limit: 1, windowMs: hour }, ample: { limit: 5, windowMs: hour } },
    })
    expect((await limits.take({ scarce: 'b', ample: '2' })).success).toBe(true)
    for (let n = 0; n < 10; n += 1) {
      const refused = await limits.take({ scarce: 'b', ample: '2' })
      expect(refused).toMatchObject({
        success: false,
        limit: 1,
        remaining: 0,
        refusedBy: ['scarce'],
      })
      expect(refused.limits).toMatchObject({
        scarce: { success: false },
        ample: { success: true, remaining: 4, retryAfterMs: 0 },
      })
      expect(refused.retryAfterMs).toBeGreaterThan(hour - 60_000)
      expect(refused.limits.ample?.resetMs).toBeLessThanOrEqual(hour / 5)
    }
    expect((await limits.take({ ample: '2' })).remaining).toBe(3)
  })

  test('A request that one limit refuses leaves no key of the others', async () => {
    const limits = createRateLimits(stores, {
      limits: { closed: { limit: 1, windowMs: hour }, fresh: { limit: 2, windowMs: hour } },
    })
    expect((await limits.take({ closed: 'c' })).success).toBe(true)
    expect((await limits.take({ closed: 'c', fresh: 'c' })).limits.fresh).toMatchObject({
      success: true,
      remaining: 2,
      resetMs: 0,
    })
    expect(
      orThrow(
        await stores.redis.run('exists', (client) =>
          client.exists(`${own.redis.prefix}ratelimit:c:fresh`),
        ),
      ),
    ).toBe(0)
  })

  test('The strictest limit passes exactly its number when two processes ask 200 times at once', async () => {
    const [one, other] = [stores, others].map((each) =>
      createRateLimits(each, {
        limits: {
          person: { limit: 200, windowMs: hour },
          everyone: { limit: 40, windowMs: hour },
        },
      }),
    ) as [RateLimits<'person' | 'everyone'>, RateLimits<'person' | 'everyone'>]
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        (n % 2 === 0 ? one : other).take({ person: `p${n % 5}`, everyone: 'all' }),
      ),
    )
    expect(answers.filter(({ success }) => success)).toHaveLength(40)
    const left = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => (await one.take({ person: `p${n}` })).remaining),
    )
    expect(left.reduce((sum, remaining) => sum + 199 - remaining, 0)).toBe(40)
  })

  test('Only limits with a subject count and answer', async () => {
    const limits = createRateLimits(stores, { limits: { here: { limit: 1 }, there: { limit: 1 } } })
    expect((await limits.take({ here: 'd' })).limits).toEqual({
      here: expect.objectContaining({ success: true }) as unknown,
    })
    expect(await limits.take({})).toMatchObject({ success: true, limits: {}, refusedBy: [] })
    expect((await limits.take({ there: 'd' })).success).toBe(true)
  })

  test('Limits take a subject of any length and any characters', async () => {
    const limits = createRateLimits(stores, { limits: { any: { limit: 1, windowMs: hour } } })
    const subjects = [
      'x'.repeat(100_000),
      'x'.repeat(99_999),
      '\0',
      '\ud800',
      'ü'.repeat(50),
      '{}',
      ' ',
    ]
    expect(
      (await Promise.all(subjects.map((any) => limits.take({ any })))).map(
        ({ success }) => success,
      ),
    ).toEqual(subjects.map(() => true))
    expect((await limits.take({ any: 'x'.repeat(100_000) })).success).toBe(false)
  })
})

const windowOfSteps = 600_000

const askers: readonly (readonly [
  what: string,
  ask: (stores: Stores, name: string) => () => Promise<RateLimitAnswer>,
])[] = [
  [
    'one limit',
    (stores, name) => {
      const limiter = createRateLimiter(stores, { name, limit: 3, windowMs: windowOfSteps })
      return () => limiter.take('x')
    },
  ],
  [
    'limits that are asked together',
    (stores, name) => {
      const limits = createRateLimits(stores, {
        limits: { [name]: { limit: 3, windowMs: windowOfSteps } },
      })
      return () => limits.take({ [name]: 'x' })
    },
  ],
]

describe('a clock of Redis that is set back', () => {
  test.each(askers)(
    'After a step back of the clock, %s refuses no longer than for one request’s share',
    async (what, ask) => {
      const own = await isolate(inject('stack'))
      const stores = orThrow(
        await connect({
          connectDeadlineMs: 60_000,
          postgres: { url: own.postgres.url, connectTimeoutMs: 30_000 },
          redis: {
            url: own.redis.url,
            keyPrefix: own.redis.prefix,
            deadlineMs: 10_000,
            required: true,
          },
        }),
      )
      const name = what.replaceAll(' ', '-')
      const take = ask(stores, name)
      for (let n = 0; n < 3; n += 1) expect((await take()).success).toBe(true)
      // A count written before the clock was set back by an hour lies that far in the future.
      const key = `${own.redis.prefix}ratelimit:x:${name}`
      orThrow(
        await stores.redis.run('step', async (client) => {
          const arrival = Number(await client.get(key))
          await client.set(key, String(arrival + 3_600_000_000), { expiration: 'KEEPTTL' })
          await client.pExpire(key, 3_600_000)
        }),
      )
      const refused = await take()
      expect(refused).toMatchObject({ success: false, remaining: 0 })
      expect(refused.retryAfterMs).toBeLessThanOrEqual(windowOfSteps / 3)
      expect(refused.resetMs).toBeLessThanOrEqual(windowOfSteps)
      orThrow(await stores.close())
      await own.dispose()
    },
  )
})

describe('limits that are asked together', () => {
  test('Limits answer as configured while Redis is down; in memory all count a request, or none does', async () => {
    const own = await isolate(inject('stack'))
    const proxy = await faultProxy(own.redis.url)
    const stores = orThrow(
      await connect({
        postgres: { url: own.postgres.url },
        redis: { url: proxy.url, keyPrefix: own.redis.prefix },
      }),
    )
    proxy.cut()
    await eventually(() => !stores.redis.isAvailable)
    const options = { limits: { scarce: { limit: 1 }, ample: { limit: 3 } } }
    const limits = createRateLimits(stores, options)
    const both = { scarce: 'x', ample: 'x' }
    expect(await limits.take(both)).toMatchObject({ success: true, isDegraded: true })
    expect(await limits.take(both)).toMatchObject({
      success: false,
      isDegraded: true,
      refusedBy: ['scarce'],
      limits: { ample: { remaining: 2 } },
    })
    expect((await limits.take({ ample: 'x' })).remaining).toBe(1)
    expect(
      (await createRateLimits(stores, { ...options, onUnavailable: 'allow' }).take(both)).success,
    ).toBe(true)
    expect(
      (await createRateLimits(stores, { ...options, onUnavailable: 'deny' }).take(both)).success,
    ).toBe(false)
    orThrow(await stores.close())
    await proxy.close()
    await own.dispose()
  })

  test('A limit or window that breaks a rule is refused at construction', () => {
    const stores = {} as Stores
    expect(() => createRateLimits(stores, { limits: { x: { limit: 0 } } })).toThrow(
      'createRateLimits: limits.x.limit: expected 1 or more: got 0',
    )
    expect(() => createRateLimits(stores, { limits: { x: { limit: 1, windowMs: NaN } } })).toThrow(
      'createRateLimits: limits.x.windowMs: expected milliseconds: got NaN',
    )
  })
})
