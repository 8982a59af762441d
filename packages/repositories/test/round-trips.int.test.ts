import { orThrow } from '@headwater/core'
import type { EnrollmentKey, NewCourse } from '@headwater/repositories'
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
        postgres: { url: proxies.postgres.url, maxConnections: 1, connectTimeoutMs: 60_000 },
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
  test('A read that hits costs 1 round trip of Redis', async () => {
    const course = await fixture.newCourse()
    orThrow(await fixture.courses.get(course.id))
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await fixture.courses.get(course.id)),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  test('A read that misses costs 3 round trips of Redis and 1 of PostgreSQL', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { id } = await fixture.newCourse()
        return async () => orThrow(await fixture.courses.get(id))
      }),
    ).toEqual({ postgres: 1, redis: 3 })
  })

  test('An enrollment costs 3 round trips of PostgreSQL and 2 of Redis', async () => {
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

  test('An update of a course costs 2 round trips of PostgreSQL and 2 of Redis', async () => {
    expect(
      await leastRoundTrips(proxies, async () => {
        const { id } = await fixture.newCourse()
        return async () => orThrow(await fixture.courses.update(id, { title: 'Geometry' }))
      }),
    ).toEqual({ postgres: 2, redis: 2 })
  })

  test('A list of enrollments that hits costs 2 round trips of Redis, and 1 where it was read before', async () => {
    const { id: userId } = await fixture.newUser()
    for (const course of [await fixture.newCourse(), await fixture.newCourse()])
      orThrow(await fixture.enrollments.enroll({ userId, courseId: course.id }))
    orThrow(await fixture.enrollments.listForUser(userId))
    let limit = 10
    expect(
      await leastRoundTrips(proxies, async () => async () => {
        limit += 1
        orThrow(await fixture.enrollments.listForUser(userId, { limit }))
      }),
    ).toEqual({ postgres: 0, redis: 2 })
    expect(
      await leastRoundTrips(
        proxies,
        async () => async () => orThrow(await fixture.enrollments.listForUser(userId)),
      ),
    ).toEqual({ postgres: 0, redis: 1 })
  })

  const costs = [
    [
      'A refused enrollment costs 3 round trips of PostgreSQL',
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
      '50 simultaneous enrollments cost 3 round trips of PostgreSQL, and 4 of Redis for their 51 keys',
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
      'A withdrawal costs 3 round trips of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const key = await enrolled()
        return async () => orThrow(await fixture.enrollments.withdraw(key))
      },
    ],
    [
      'A withdrawal that offers the seat costs 4 round trips of PostgreSQL and 2 of Redis',
      { postgres: 4, redis: 2 },
      async () => {
        const key = await enrolled({ maxStudents: 1 })
        orThrow(await fixture.waitlist.join({ ...key, userId: (await fixture.newUser()).id }))
        return async () => orThrow(await fixture.enrollments.withdraw(key))
      },
    ],
    [
      'Joining a waiting list costs 3 round trips of PostgreSQL, and one of Redis later',
      // It tells what was committed, at most every 50 ms and beside what others ask.
      { postgres: 3, redis: 1 },
      async () => {
        const { courseId } = await enrolled({ maxStudents: 1 })
        const { id: userId } = await fixture.newUser()
        return async () => orThrow(await fixture.waitlist.join({ userId, courseId }))
      },
    ],
    [
      'Leaving a waiting list costs 4 round trips of PostgreSQL and 2 of Redis',
      { postgres: 4, redis: 2 },
      async () => {
        const { courseId } = await enrolled({ maxStudents: 1 })
        const key = { userId: (await fixture.newUser()).id, courseId }
        orThrow(await fixture.waitlist.join(key))
        return async () => orThrow(await fixture.waitlist.leave(key))
      },
    ],
    [
      "A user's place on a waiting list costs 1 round trip of PostgreSQL",
      { postgres: 1, redis: 0 },
      async () => async () => orThrow(await fixture.waitlist.get({ userId: 1, courseId: 1 })),
    ],
    [
      'A transfer costs 3 round trips of PostgreSQL and 2 of Redis',
      { postgres: 3, redis: 2 },
      async () => {
        const [{ courseId, userId }, { id: toUserId }] = [await enrolled(), await fixture.newUser()]
        return async () =>
          orThrow(await fixture.enrollments.transfer({ courseId, fromUserId: userId, toUserId }))
      },
    ],
    [
      'Progress that completes costs 2 round trips of PostgreSQL and 2 of Redis',
      { postgres: 2, redis: 2 },
      async () => {
        const key = await enrolled()
        return async () =>
          orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 100 }))
      },
    ],
    [
      'isEnrolled that hits costs 1 round trip of Redis',
      { postgres: 0, redis: 1 },
      async () => {
        const key = await enrolled()
        orThrow(await fixture.enrollments.isEnrolled(key))
        return async () => orThrow(await fixture.enrollments.isEnrolled(key))
      },
    ],
    [
      "A list of a course's enrollments costs 1 round trip of PostgreSQL",
      { postgres: 1, redis: 0 },
      async () => {
        const { courseId } = await enrolled()
        return async () => orThrow(await fixture.enrollments.listForCourse(courseId))
      },
    ],
    [
      'Creating a course costs 2 round trips of PostgreSQL and 2 of Redis',
      { postgres: 2, redis: 2 },
      async () => {
        const { id: instructorId } = await fixture.newUser()
        return async () =>
          orThrow(await fixture.courses.create({ title: 'Algebra', instructorId, price: 1 }))
      },
    ],
    [
      'The deletion of a course costs 4 round trips of PostgreSQL and 2 of Redis',
      { postgres: 4, redis: 2 },
      async () => {
        const { courseId } = await enrolled()
        return async () => orThrow(await fixture.courses.delete(courseId))
      },
    ],
    [
      'A list of courses costs 1 round trip of PostgreSQL',
      { postgres: 1, redis: 0 },
      async () => async () => orThrow(await fixture.courses.list({ sort: 'title' })),
    ],
    [
      'A list of the most popular courses costs 1 round trip of PostgreSQL',
      { postgres: 1, redis: 0 },
      async () => async () => orThrow(await fixture.courses.list({ sort: 'popularity' })),
    ],
    [
      "A course's students cost 1 round trip of PostgreSQL and 1 of Redis",
      { postgres: 1, redis: 1 },
      async () => {
        const { courseId } = await enrolled()
        orThrow(await fixture.courses.students(courseId))
        return async () => orThrow(await fixture.courses.students(courseId))
      },
    ],
    [
      'Popular courses that hit cost 2 round trips of Redis',
      { postgres: 0, redis: 2 },
      async () => {
        await enrolled()
        await fixture.deliver()
        orThrow(await fixture.courses.popular())
        return async () => orThrow(await fixture.courses.popular())
      },
    ],
  ] as const
  test.each(costs)('%s', async (_title, expected, work) => {
    expect(await leastRoundTrips(proxies, work)).toEqual(expected)
  })
})

async function enrolled(course: Partial<NewCourse> = {}): Promise<EnrollmentKey> {
  const [{ id: userId }, { id: courseId }] = [
    await fixture.newUser(),
    await fixture.newCourse(course),
  ]
  const key = { userId, courseId }
  orThrow(await fixture.enrollments.enroll(key))
  return key
}
