import { createSessions, orThrow } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { failureOf, openFixture } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
let proxies: Record<'postgres' | 'redis' | 'mongodb', FaultProxy>
let userId: number
beforeAll(async () => {
  fixture = await openFixture({
    connect: async (options, { postgres, redis, mongodb }) => {
      proxies = {
        postgres: await faultProxy(postgres.url),
        redis: await faultProxy(redis.url),
        mongodb: await faultProxy(mongodb.url),
      }
      return {
        ...options,
        postgres: {
          url: proxies.postgres.url,
          connectTimeoutMs: 10_000,
          statementTimeoutMs: 10_000,
        },
        redis: { ...options.redis, url: proxies.redis.url },
        mongodb: { url: proxies.mongodb.url, database: mongodb.database },
      }
    },
  })
  userId = (await fixture.newUser()).id
  await eventually(async () => {
    orThrow(await createSessions(fixture.stores).create({ userId }))
  })
  await eventually(() => fixture.deliver(), { timeoutMs: 60_000 })
})
afterEach(async () => {
  for (const proxy of Object.values(proxies)) proxy.restore()
  await eventually(async () => void orThrow(await fixture.users.export(userId)), {
    timeoutMs: 60_000,
  })
})
afterAll(async () => {
  await fixture.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

const outages = [
  { store: 'postgres', fault: 'cut' },
  { store: 'postgres', fault: 'hang' },
  { store: 'redis', fault: 'cut' },
  { store: 'redis', fault: 'hang' },
  { store: 'mongodb', fault: 'cut' },
] as const

test.each(outages)(
  'While $store is $fault, an export fails naming the store, and is never a part of the whole',
  async ({ store, fault }) => {
    proxies[store][fault]()
    expect(failureOf(await fixture.users.export(userId))).toMatchObject({ store, retryable: true })
  },
)

test('An export waits for a hung MongoDB at most three seconds, and says what it would lack', async () => {
  proxies.mongodb.hang()
  const failure = failureOf(await fixture.users.export(userId))
  // The driver's own heartbeat may notice first.
  const isLate = failure.type === 'deadline-exceeded' && failure.deadlineMs === 3_000
  expect(failure).toMatchObject({ store: 'mongodb', retryable: true })
  expect(isLate || failure.type === 'store-unavailable').toBe(true)
  expect(failure.message).toContain('would lack activity, searches and enrollment events')
})
