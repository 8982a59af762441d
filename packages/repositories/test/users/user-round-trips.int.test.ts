import { createSessions, orThrow } from '@headwater/core'
import type { Sessions } from '@headwater/core'
import { faultProxy, leastRoundTrips } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFixture, passwordHash } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
let sessions: Sessions
let proxies: { postgres: FaultProxy; redis: FaultProxy }
beforeAll(async () => {
  fixture = await openFixture({
    connect: async (options, { postgres, redis }) => {
      proxies = { postgres: await faultProxy(postgres.url), redis: await faultProxy(redis.url) }
      return {
        ...options,
        postgres: { url: proxies.postgres.url, maxConnections: 1, connectTimeoutMs: 60_000 },
        redis: { ...options.redis, url: proxies.redis.url },
      }
    },
  })
  // Its looks would be counted as well.
  sessions = createSessions(fixture.stores, { lookEveryMs: 3_600_000 })
})
afterAll(async () => {
  await fixture.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

describe('round trips of users', () => {
  test('A search for a user and a list of users cost 1 round trip of PostgreSQL', async () => {
    const { email, username } = await fixture.newUser()
    for (const read of [
      () => fixture.users.findByUsername(username),
      () => fixture.users.findByEmail(email),
      () => fixture.users.list(),
      () => fixture.users.credentials(email),
    ]) {
      expect(
        await leastRoundTrips(proxies, async () => async () => {
          expect((await read()).isOk()).toBe(true)
        }),
      ).toEqual({ postgres: 1, redis: 0 })
    }
  })

  test('A registration costs 2 round trips of PostgreSQL, and one later for the profile', async () => {
    let count = 0
    const { postgres } = await leastRoundTrips(proxies, async () => async () => {
      const username = `round${(count += 1)}`
      const user = { email: `${username}@example.com`, username, passwordHash }
      orThrow(await fixture.users.create(user))
    })
    expect(postgres).toBe(3)
  })

  test('An update of a user costs 2 round trips of PostgreSQL and 2 of Redis', async () => {
    const { id } = await fixture.newUser()
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await fixture.users.update(id, { role: 'x' })),
      ),
    ).toEqual({ postgres: 2, redis: 2 })
  })

  test('A change of password costs 3 round trips of PostgreSQL, 3 of Redis and one of each later', async () => {
    const { postgres, redis } = await leastRoundTrips(proxies, async () => {
      const { id } = await fixture.newUser()
      orThrow(await sessions.create({ userId: id }))
      return async () => orThrow(await fixture.users.changePassword(id, `${passwordHash}/new`))
    })
    expect(postgres).toBe(4)
    expect(redis).toBe(4)
  })

  test('A deletion of a user costs 8 round trips of PostgreSQL, 3 of Redis and one of each later', async () => {
    const course = await fixture.newCourse()
    expect(
      await leastRoundTrips(proxies, async () => {
        const { id } = await fixture.newUser()
        orThrow(await fixture.enrollments.enroll({ userId: id, courseId: course.id }))
        orThrow(await sessions.create({ userId: id }))
        return async () => orThrow(await fixture.users.delete(id))
      }),
    ).toEqual({ postgres: 9, redis: 4 })
  })
})
