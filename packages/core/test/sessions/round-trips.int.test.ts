import { createRateLimiter, createRateLimits, ok, orThrow, transaction } from '@headwater/core'
import { eventually, faultProxy, type FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SessionProcess, type SessionStage, sessionStage } from './session-fixture.ts'

let stage: SessionStage
let proxies: { postgres: FaultProxy, redis: FaultProxy }
let process: SessionProcess
beforeAll(async () => {
  stage = await sessionStage()
  proxies = { postgres: await faultProxy(stage.own.postgres.url), redis: await faultProxy(stage.own.redis.url) }
  process = await stage.open({ postgres: { url: proxies.postgres.url, maxConnections: 1 }, redis: { url: proxies.redis.url } }, { lookEveryMs: 3_600_000 })
  orThrow(await process.sessions.list('nobody'))
})
afterAll(async () => {
  await stage.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

let users = 0
const begin = async () => {
  const userId = `user ${users += 1}`
  return { userId, token: orThrow(await process.sessions.create({ userId })).token }
}

/** The least of several runs, in the call and in what follows it: what the stores do by themselves between is not the operation's. */
async function leastRoundTrips(work: () => Promise<() => Promise<unknown>>): Promise<{ postgres: number, redis: number }> {
  const seen: { postgres: number, redis: number }[] = []
  for (let run = 0; run < 5; run += 1) {
    const operation = await work()
    await settled()
    const before = { postgres: proxies.postgres.roundTrips(), redis: proxies.redis.roundTrips() }
    await operation()
    await settled()
    seen.push({ postgres: proxies.postgres.roundTrips() - before.postgres, redis: proxies.redis.roundTrips() - before.redis })
  }
  return { postgres: Math.min(...seen.map((count) => count.postgres)), redis: Math.min(...seen.map((count) => count.redis)) }
}

async function settled(): Promise<void> {
  let last = -1
  await eventually(() => {
    const now = proxies.postgres.roundTrips() + proxies.redis.roundTrips()
    const isQuiet = now === last
    last = now
    return isQuiet
  }, { intervalMs: 40 })
}

describe('round trips of sessions', () => {
  test('a look at one, and one that puts its end off: 1 of Redis', async () => {
    const { token } = await begin()
    expect(await leastRoundTrips(async () => async () => orThrow(await process.sessions.get(token)))).toEqual({ postgres: 0, redis: 1 })
    expect(await leastRoundTrips(async () => async () => orThrow(await process.sessions.touch(token)))).toEqual({ postgres: 0, redis: 1 })
  })

  test('fifty looks at once: 1 of Redis', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, async () => (await begin()).token))
    expect(await leastRoundTrips(async () => () => Promise.all(tokens.map((token) => process.sessions.get(token))))).toEqual({ postgres: 0, redis: 1 })
  })

  test('the beginning of one: 2 of Redis', async () => {
    expect(await leastRoundTrips(async () => begin)).toEqual({ postgres: 0, redis: 2 })
  })

  test('a list: 2 of Redis', async () => {
    const { userId } = await begin()
    expect(await leastRoundTrips(async () => async () => orThrow(await process.sessions.list(userId)))).toEqual({ postgres: 0, redis: 2 })
  })

  test('a rotation: 3 of Redis and 1 of PostgreSQL', async () => {
    expect(await leastRoundTrips(async () => {
      const { token } = await begin()
      return async () => orThrow(await process.sessions.rotate(token))
    })).toEqual({ postgres: 1, redis: 3 })
  })

  test('the end of one: 3 of Redis and 1 of PostgreSQL, and 1 in the background; of none: 1 of Redis', async () => {
    expect(await leastRoundTrips(async () => {
      const { token } = await begin()
      return async () => orThrow(await process.sessions.revoke(token))
    })).toEqual({ postgres: 2, redis: 3 })
    expect(await leastRoundTrips(async () => async () => orThrow(await process.sessions.revoke('A'.repeat(43))))).toEqual({ postgres: 0, redis: 1 })
  })

  test('the end of all: 2 of Redis and 1 of PostgreSQL, and 1 of each in the background', async () => {
    expect(await leastRoundTrips(async () => {
      const { userId } = await begin()
      return async () => orThrow(await process.sessions.revokeAll(userId))
    })).toEqual({ postgres: 2, redis: 3 })
    expect(await leastRoundTrips(async () => {
      const { userId } = await begin()
      const revocation = orThrow(await transaction(process.stores, async (tx) => ok(await process.sessions.revokeAllWithin(tx, userId))))
      return async () => orThrow(await revocation.apply())
    })).toEqual({ postgres: 1, redis: 3 })
  })
})

describe('round trips of rate limits', () => {
  test('one limit, and several that are asked together: 1 of Redis', async () => {
    const limiter = createRateLimiter(process.stores, { name: 'one', limit: 1 })
    const limits = createRateLimits(process.stores, { limits: { user: { limit: 1 }, address: { limit: 3 }, everybody: { limit: 100 } } })
    await Promise.all([limiter.take('warm'), limits.take({ user: 'warm', address: 'warm' })])
    expect(await leastRoundTrips(async () => () => limiter.take('x'))).toEqual({ postgres: 0, redis: 1 })
    expect(await leastRoundTrips(async () => () => limits.take({ user: 'x', address: 'y', everybody: 'z' }))).toEqual({ postgres: 0, redis: 1 })
  })
})
