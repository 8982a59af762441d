import { createRateLimiter, createRateLimits, ok, orThrow, transaction } from '@headwater/core'
import { faultProxy, type FaultProxy, leastRoundTrips } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SessionProcess, type SessionFixture, sessionFixture } from './session-fixture.ts'

let fixture: SessionFixture
let proxies: { postgres: FaultProxy; redis: FaultProxy }
let process: SessionProcess
beforeAll(async () => {
  fixture = await sessionFixture()
  proxies = {
    postgres: await faultProxy(fixture.own.postgres.url),
    redis: await faultProxy(fixture.own.redis.url),
  }
  process = await fixture.open(
    {
      postgres: { url: proxies.postgres.url, maxConnections: 1 },
      redis: { url: proxies.redis.url },
    },
    { lookEveryMs: 3_600_000 },
  )
  orThrow(await process.sessions.list('nobody'))
})
afterAll(async () => {
  await fixture.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

let users = 0
const begin = async () => {
  const userId = `user ${(users += 1)}`
  return { userId, token: orThrow(await process.sessions.create({ userId })).token }
}

describe('round trips of sessions', () => {
  test('Getting or touching a session takes 1 round trip of Redis', async () => {
    const { token } = await begin()
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await process.sessions.get(token)),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await process.sessions.touch(token)),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('Getting fifty sessions at once takes 1 round trip of Redis', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, async () => (await begin()).token))
    expect(
      await leastRoundTrips(
        proxies,
        async () => () => Promise.all(tokens.map((token) => process.sessions.get(token))),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('Creating a session takes 2 round trips of Redis', async () => {
    expect(await leastRoundTrips(proxies, async () => begin)).toEqual({ postgres: 0, redis: 2 })
  })

  test('Listing the sessions of a user takes 2 round trips of Redis', async () => {
    const { userId } = await begin()
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await process.sessions.list(userId)),
      ),
    ).toEqual({ postgres: 0, redis: 2 })
  })

  test('Rotating a session takes 4 round trips of Redis, 1 in the background, and 1 of PostgreSQL', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { token } = await begin()
        return async () => orThrow(await process.sessions.rotate(token))
      }),
    ).toEqual({ postgres: 1, redis: 4 })
  })

  test('Setting the data of a session takes 2 round trips of Redis', async () => {
    const { token } = await begin()
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await process.sessions.setData(token, 'data')),
      ),
    ).toEqual({ postgres: 0, redis: 2 })
  })

  test('Revoking the others takes 6 round trips of Redis and 2 of PostgreSQL, 1 in the background', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { token } = await begin()
        return async () => orThrow(await process.sessions.revokeOthers(token))
      }),
    ).toEqual({ postgres: 2, redis: 6 })
  })

  test('Revoking one takes 3 round trips of Redis and 2 of PostgreSQL, 1 of them in the background', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { token } = await begin()
        return async () => orThrow(await process.sessions.revoke(token))
      }),
    ).toEqual({ postgres: 2, redis: 3 })
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await process.sessions.revoke('A'.repeat(43))),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('Revoking all takes 3 round trips of Redis and 2 of PostgreSQL, 1 of each in the background', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { userId } = await begin()
        return async () => orThrow(await process.sessions.revokeAll(userId))
      }),
    ).toEqual({ postgres: 2, redis: 3 })
    expect(
      await leastRoundTrips(proxies, async () => {
        const { userId } = await begin()
        const revocation = orThrow(
          await transaction(process.stores, async (tx) =>
            ok(await process.sessions.revokeAllWithin(tx, userId)),
          ),
        )
        return async () => orThrow(await revocation.apply())
      }),
    ).toEqual({ postgres: 1, redis: 3 })
  })
})

describe('round trips of rate limits', () => {
  test('Asking one rate limit, or several together, takes 1 round trip of Redis', async () => {
    const limiter = createRateLimiter(process.stores, { name: 'one', limit: 1 })
    const limits = createRateLimits(process.stores, {
      limits: { user: { limit: 1 }, address: { limit: 3 }, everybody: { limit: 100 } },
    })
    await Promise.all([limiter.take('warm'), limits.take({ user: 'warm', address: 'warm' })])
    expect(await leastRoundTrips(proxies, async () => () => limiter.take('x'))).toEqual({
      postgres: 0,
      redis: 1,
    })
    const together = { user: 'x', address: 'y', everybody: 'z' }
    const requests = [
      () => limits.take(together),
      () => limits.peek(together),
      async () => orThrow(await limits.reset(together)),
      () => limiter.peek('x'),
      async () => orThrow(await limiter.reset('x')),
    ]
    for (const request of requests) {
      await request()
      expect(await leastRoundTrips(proxies, async () => request)).toEqual({ postgres: 0, redis: 1 })
    }
  })
})
