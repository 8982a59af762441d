import { orThrow } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../search-fixture.ts'
import type { SearchFixture } from '../search-fixture.ts'

const legDeadlineMs = 30_000

async function catalogue(app: SearchFixture): Promise<void> {
  await app.publish({ title: 'Machine learning fundamentals', category: 'AI/ML' })
  await app.publish({ title: 'Bread baking', category: 'Cooking' })
  await app.sync()
}

describe('behind a proxy', () => {
  let app: SearchFixture
  let postgres: FaultProxy
  let redis: FaultProxy
  beforeAll(async () => {
    app = await openSearchFixture({
      search: { legDeadlineMs },
      connect: async (options) => {
        postgres = await faultProxy(options.postgres.url ?? '')
        redis = await faultProxy(options.redis.url ?? '')
        return {
          ...options,
          postgres: { ...options.postgres, url: postgres.url },
          // Shorter than a leg's, which asks Redis more than once.
          redis: { ...options.redis, url: redis.url, deadlineMs: 2_000 },
        }
      },
    })
    await catalogue(app)
  })
  afterEach(async () => {
    postgres.restore()
    redis.restore()
    await eventually(() => app.stores.redis.isAvailable, { timeoutMs: 60_000 })
  })
  afterAll(async () => {
    await app.dispose()
    await Promise.all([postgres.close(), redis.close()])
  })

  it('A query is paid for once while Redis is away, whatever the punctuation', async () => {
    redis.cut()
    await eventually(() => !app.stores.redis.isAvailable)
    orThrow(await app.search.search('sourdough'))
    const paid = app.openai.inputCount()
    for (const query of ['sourdough', 'Sourdough!', '"sourdough"', ' (sourdough),'])
      orThrow(await app.search.search(query))
    expect(app.openai.inputCount()).toBe(paid)
  })

  let limit = 10
  const cached = [
    [
      'A cached search that was answered of late costs one round trip of Redis for two reads',
      () => app.find('baking bread'),
      ['redis', 'redis'],
      1,
    ],
    [
      'Any other cached search costs two round trips of Redis and none of PostgreSQL',
      () => app.find('baking bread', { limit: (limit += 1) }),
      ['redis', 'redis'],
      2,
    ],
    [
      'A cached search in another order costs one round trip of PostgreSQL more',
      () => app.find('baking bread', { sort: 'newest' }),
      ['redis', 'redis', 'postgres'],
      1,
    ],
    [
      'A count of a cached search costs one round trip of Redis and one of PostgreSQL',
      async () => orThrow(await app.search.count('baking bread')),
      ['redis', 'postgres'],
      1,
    ],
  ] as const
  it.each(cached)('%s', async (_title, ask, stores, roundTrips) => {
    let asked: string[] = []
    const stop = app.stores.diagnostics.on('store:operation', ({ store, operation }) => {
      if (operation !== 'select invalidation_intent') asked.push(store)
    })
    // The first searches fill the cache, and a process looks at its stores by itself now and then.
    await eventually(async () => {
      asked = []
      const before = redis.roundTrips()
      expect(await ask()).toMatchObject({ isCached: true })
      expect(asked).toEqual(stores)
      expect(redis.roundTrips() - before).toBe(roundTrips)
    }).finally(stop)
  })

  const redisFailures = [
    [
      'is down',
      () => {
        redis.cut()
      },
    ],
    [
      'hangs',
      () => {
        redis.hang()
      },
    ],
  ] as const
  it.each(redisFailures)('A search works uncached when Redis %s', async (_, fail) => {
    fail()
    for (let search = 0; search < 2; search += 1) {
      const result = await app.find('machine learning')
      expect(result).toMatchObject({ mode: 'hybrid', degraded: [], isCached: false })
      expect(result.hits[0]?.course.title).toBe('Machine learning fundamentals')
    }
  })

  it('A search reports its degraded leg when Redis is down too', async () => {
    redis.cut()
    app.openai.faults.failNext({ status: 401, times: 100 })
    expect(await app.find('machine learning course')).toMatchObject({
      mode: 'lexical',
      isCached: false,
      degraded: [{ leg: 'dense' }],
    })
    app.openai.faults.restore()
  })

  it('While PostgreSQL is down, cached searches answer, and vectors alone answer new ones', async () => {
    await eventually(async () => {
      expect(await app.find('machine learning')).toMatchObject({ isCached: true })
    })
    await eventually(async () => {
      expect(await app.find('bread baking')).toMatchObject({ isCached: true })
    })
    postgres.cut()
    expect(await app.find('machine learning')).toMatchObject({ mode: 'hybrid', isCached: true })
    expect(await app.find('learning machines')).toMatchObject({
      mode: 'semantic',
      degraded: [{ leg: 'lexical', store: 'postgres' }],
      hits: [{ course: { title: 'Machine learning fundamentals' } }],
    })
  })

  it('A search fails with a typed error when no leg can answer', async () => {
    postgres.cut()
    app.openai.faults.failNext({ status: 503, times: 100 })
    const result = await app.search.search('something new')
    expect(result.isErr() && result.error).toMatchObject({
      type: 'store-unavailable',
      store: 'postgres',
      retryable: true,
    })
    app.openai.faults.restore()
  })
})
