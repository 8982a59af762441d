import { orThrow } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openHarness } from './harness.ts'
import type { Harness } from './harness.ts'

let harness: Harness
let proxies: { postgres: FaultProxy; redis: FaultProxy }
beforeAll(async () => {
  harness = await openHarness({
    connect: async (options, { postgres, redis }) => {
      proxies = { postgres: await faultProxy(postgres.url), redis: await faultProxy(redis.url) }
      return { ...options, postgres: { url: proxies.postgres.url, maxConnections: 1 }, redis: { ...options.redis, url: proxies.redis.url } }
    },
  })
})
afterAll(async () => {
  await harness.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

/** The least of several runs: what the stores do by themselves between is not the operation's. */
async function leastRoundTrips(work: () => Promise<() => Promise<unknown>>): Promise<{ postgres: number; redis: number }> {
  const seen: { postgres: number; redis: number }[] = []
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

/** Waits until both stores have been left alone for a moment: releases and fills come after the answer. */
async function settled(): Promise<void> {
  let last = -1
  await eventually(() => {
    const now = proxies.postgres.roundTrips() + proxies.redis.roundTrips()
    const isQuiet = now === last
    last = now
    return isQuiet
  }, { intervalMs: 40 })
}

describe('round trips', () => {
  test('of a read that hits: 1 of Redis', async () => {
    const course = await harness.newCourse()
    orThrow(await harness.courses.get(course.id))
    expect(await leastRoundTrips(async () => async () => orThrow(await harness.courses.get(course.id)))).toEqual({ postgres: 0, redis: 1 })
  })

  test('of a read that misses: 3 of Redis and 1 of PostgreSQL', async () => {
    expect(await leastRoundTrips(async () => {
      const { id } = await harness.newCourse()
      return async () => orThrow(await harness.courses.get(id))
    })).toEqual({ postgres: 1, redis: 3 })
  })

  test('of an enrollment: 4 of PostgreSQL and 2 of Redis', async () => {
    expect(await leastRoundTrips(async () => {
      const [{ id: courseId }, { id: userId }] = [await harness.newCourse(), await harness.newUser()]
      return async () => orThrow(await harness.enrollments.enroll({ userId, courseId }))
    })).toEqual({ postgres: 4, redis: 2 })
  })

  test('of a list of enrollments that hits: 2 of Redis', async () => {
    const { id: userId } = await harness.newUser()
    for (const course of [await harness.newCourse(), await harness.newCourse()]) orThrow(await harness.enrollments.enroll({ userId, courseId: course.id }))
    orThrow(await harness.enrollments.listForUser(userId))
    expect(await leastRoundTrips(async () => async () => orThrow(await harness.enrollments.listForUser(userId)))).toEqual({ postgres: 0, redis: 2 })
  })
})
