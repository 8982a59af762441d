import { orThrow } from '@headwater/core'
import { faultProxy, leastRoundTrips } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
let proxies: { postgres: FaultProxy; redis: FaultProxy }
beforeAll(async () => {
  fixture = await openFixture({
    connect: async (options, { postgres, redis }) => {
      proxies = { postgres: await faultProxy(postgres.url), redis: await faultProxy(redis.url) }
      return {
        ...options,
        postgres: { url: proxies.postgres.url, maxConnections: 1 },
        redis: { ...options.redis, url: proxies.redis.url },
      }
    },
  })
})
afterAll(async () => {
  await fixture.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

describe('round trips', () => {
  test('of a read that hits: 1 of Redis', async () => {
    const course = await fixture.newCourse()
    orThrow(await fixture.courses.get(course.id))
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await fixture.courses.get(course.id)),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('of a read that misses: 3 of Redis and 1 of PostgreSQL', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { id } = await fixture.newCourse()
        return async () => orThrow(await fixture.courses.get(id))
      }),
    ).toEqual({ postgres: 1, redis: 3 })
  })

  test('of an enrollment: 3 of PostgreSQL and 2 of Redis', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const [{ id: courseId }, { id: userId }] = [
          await fixture.newCourse(),
          await fixture.newUser(),
        ]
        return async () => orThrow(await fixture.enrollments.enroll({ userId, courseId }))
      }),
    ).toEqual({ postgres: 3, redis: 2 })
  })

  test('of a list of enrollments that hits: 2 of Redis', async () => {
    const { id: userId } = await fixture.newUser()
    for (const course of [await fixture.newCourse(), await fixture.newCourse()])
      orThrow(await fixture.enrollments.enroll({ userId, courseId: course.id }))
    orThrow(await fixture.enrollments.listForUser(userId))
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await fixture.enrollments.listForUser(userId)),
      ),
    ).toEqual({ postgres: 0, redis: 2 })
  })

  test.each([
    [
      'a refused enrollment: 3 of PostgreSQL',
      { postgres: 3, redis: 0 },
      async () => {
        const [{ id: courseId }, { id: userId }] = [
          await fixture.newCourse({ maxStudents: 0 }),
          await fixture.newUser(),
        ]
        return async () => {
          failureOf(await fixture.enrollments.enroll({ userId, courseId }))
        }
      },
    ],
    [
      '50 enrollments at once: 3 of PostgreSQL, and 4 of Redis for their 52 keys',
      { postgres: 3, redis: 4 },
      async () => {
        const [{ id: courseId }, users] = [
          await fixture.newCourse(),
          await Promise.all(Array.from({ length: 50 }, () => fixture.newUser())),
        ]
        return async () => {
          for (const place of await Promise.all(
            users.map(({ id }) => fixture.enrollments.enroll({ userId: id, courseId })),
          ))
            orThrow(place)
        }
      },
    ],
    [
      'a withdrawal: 3 of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const key = await enrolled()
        return async () => orThrow(await fixture.enrollments.withdraw(key))
      },
    ],
    [
      'a transfer: 3 of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const [{ courseId, userId }, { id: toUserId }] = [await enrolled(), await fixture.newUser()]
        return async () =>
          orThrow(await fixture.enrollments.transfer({ courseId, fromUserId: userId, toUserId }))
      },
    ],
    [
      'progress that completes: 3 of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const key = await enrolled()
        return async () =>
          orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 100 }))
      },
    ],
    [
      'isEnrolled that hits: 1 of Redis',
      { postgres: 0, redis: 1 },
      async () => {
        const key = await enrolled()
        orThrow(await fixture.enrollments.isEnrolled(key))
        return async () => orThrow(await fixture.enrollments.isEnrolled(key))
      },
    ],
    [
      "a list of a course's enrollments: 1 of PostgreSQL",
      { postgres: 1, redis: 0 },
      async () => {
        const { courseId } = await enrolled()
        return async () => orThrow(await fixture.enrollments.listForCourse(courseId))
      },
    ],
    [
      'creating a course: 3 of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const { id: instructorId } = await fixture.newUser()
        return async () =>
          orThrow(await fixture.courses.create({ title: 'Algebra', instructorId, price: 1 }))
      },
    ],
    [
      'an update of a course: 3 of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const { id } = await fixture.newCourse()
        return async () => orThrow(await fixture.courses.update(id, { title: 'Geometry' }))
      },
    ],
    [
      'the deletion of a course: 4 of PostgreSQL and 2 of Redis',
      { postgres: 4, redis: 2 },
      async () => {
        const { courseId } = await enrolled()
        return async () => orThrow(await fixture.courses.delete(courseId))
      },
    ],
    [
      'a list of courses: 1 of PostgreSQL',
      { postgres: 1, redis: 0 },
      async () => async () => orThrow(await fixture.courses.list({ sort: 'title' })),
    ],
    [
      "a course's students that hit: 2 of Redis",
      { postgres: 0, redis: 2 },
      async () => {
        const { courseId } = await enrolled()
        orThrow(await fixture.courses.students(courseId))
        return async () => orThrow(await fixture.courses.students(courseId))
      },
    ],
    [
      'popular courses that hit: 2 of Redis',
      { postgres: 0, redis: 2 },
      async () => {
        await enrolled()
        await fixture.deliver()
        orThrow(await fixture.courses.popular())
        return async () => orThrow(await fixture.courses.popular())
      },
    ],
  ] as const)('of %s', async (_, expected, work) => {
    expect(await leastRoundTrips(proxies, work)).toEqual(expected)
  })
})

async function enrolled(): Promise<{ readonly userId: number; readonly courseId: number }> {
  const key = { userId: (await fixture.newUser()).id, courseId: (await fixture.newCourse()).id }
  orThrow(await fixture.enrollments.enroll(key))
  return key
}
