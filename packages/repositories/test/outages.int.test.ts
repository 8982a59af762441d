import { orThrow } from '@headwater/core'
import { eventually, faultProxy } from '@headwater/testing'
import type { FaultProxy } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { documents, failureOf, openFixture, passwordHash } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
let proxies: { postgres: FaultProxy; redis: FaultProxy; mongodb: FaultProxy }
beforeAll(async () => {
  fixture = await openFixture({
    repositories: { activity: { writeDeadlineMs: 2_000 } },
    connect: async (options, { postgres, redis, mongodb }) => {
      proxies = {
        postgres: await faultProxy(postgres.url),
        redis: await faultProxy(redis.url),
        mongodb: await faultProxy(mongodb.url),
      }
      return {
        ...options,
        postgres: { url: proxies.postgres.url, connectTimeoutMs: 10_000 },
        redis: { ...options.redis, url: proxies.redis.url, deadlineMs: 2_000 },
        mongodb: { url: proxies.mongodb.url, database: mongodb.database },
      }
    },
  })
})
afterEach(async () => {
  for (const proxy of Object.values(proxies)) proxy.restore()
  await eventually(
    () => {
      expect(fixture.stores.redis.isAvailable && fixture.stores.redis.runId !== undefined).toBe(
        true,
      )
    },
    { timeoutMs: 60_000 },
  )
})
afterAll(async () => {
  await fixture.dispose()
  for (const proxy of Object.values(proxies)) await proxy.close()
})

/**
 * Plays a fault right after the server has answered the next COMMIT, and notes the statements of
 * that connection.
 */
function afterNextCommit(fault: () => void): { statements: string[]; stop: () => void } {
  const statements: string[] = []
  let isPlayed = false
  const stop = fixture.stores.diagnostics.on('store:operation', ({ store, operation }) => {
    if (store !== 'postgres') return
    statements.push(operation)
    if (operation === 'commit' && !isPlayed) {
      isPlayed = true
      fault()
    }
  })
  return { statements, stop }
}

async function everyWrite(): Promise<{ courseId: number; userId: number; receiverId: number }> {
  const course = await fixture.newCourse({ maxStudents: 3 })
  const [user, receiver] = [await fixture.newUser(), await fixture.newUser()]
  orThrow(await fixture.users.update(user.id, { fullName: 'During An Outage' }))
  orThrow(await fixture.enrollments.enroll({ userId: user.id, courseId: course.id }))
  orThrow(
    await fixture.enrollments.recordProgress({
      userId: user.id,
      courseId: course.id,
      progress: 50,
    }),
  )
  orThrow(
    await fixture.enrollments.transfer({
      courseId: course.id,
      fromUserId: user.id,
      toUserId: receiver.id,
    }),
  )
  orThrow(await fixture.courses.update(course.id, { title: 'During An Outage' }))
  return { courseId: course.id, userId: user.id, receiverId: receiver.id }
}

async function expectWritten({
  courseId,
  userId,
  receiverId,
}: Awaited<ReturnType<typeof everyWrite>>): Promise<void> {
  expect(orThrow(await fixture.users.get(userId))).toMatchObject({ fullName: 'During An Outage' })
  expect(orThrow(await fixture.courses.get(courseId))).toMatchObject({
    title: 'During An Outage',
    currentEnrollment: 1,
  })
  expect(orThrow(await fixture.enrollments.listForUser(userId)).items).toEqual([])
  expect(orThrow(await fixture.enrollments.listForUser(receiverId)).items).toMatchObject([
    { courseId, course: { title: 'During An Outage' } },
  ])
  expect(
    orThrow(await fixture.courses.students(courseId)).items.map((student) => student.id),
  ).toEqual([receiverId])
}

describe.each(['cut', 'hang'] as const)('while Redis is %s', (fault) => {
  test('Every write succeeds and every read is right, during the outage and after it', async () => {
    proxies.redis[fault]()
    const written = await everyWrite()
    await expectWritten(written)
    proxies.redis.restore()
    await expectWritten(written)
  })
})

describe('a failure after COMMIT', () => {
  test.each(['cut', 'hang'] as const)(
    'Redis that is %s after COMMIT turns no success into an error and leaves no old value behind',
    async (fault) => {
      const [course, user] = [await fixture.newCourse({ maxStudents: 1 }), await fixture.newUser()]
      orThrow(await fixture.courses.get(course.id))
      orThrow(await fixture.enrollments.listForUser(user.id))
      const { statements, stop } = afterNextCommit(() => {
        proxies.redis[fault]()
      })
      const enrolled = await fixture.enrollments.enroll({ userId: user.id, courseId: course.id })
      stop()
      expect(enrolled.isOk()).toBe(true)
      expect(statements).toContain('commit')
      expect(statements).not.toContain('rollback')
      proxies.redis.restore()
      expect(orThrow(await fixture.courses.get(course.id))).toMatchObject({ currentEnrollment: 1 })
      expect(orThrow(await fixture.enrollments.listForUser(user.id)).items).toHaveLength(1)
    },
  )

  test('A registration succeeds when Redis fails after COMMIT, and nothing is warmed', async () => {
    const { stop } = afterNextCommit(() => {
      proxies.redis.cut()
    })
    const created = await fixture.users.create({
      email: 'cold@example.com',
      username: 'cold',
      passwordHash,
    })
    stop()
    expect(orThrow(created)).toMatchObject({ username: 'cold' })
  })

  test('A registration succeeds when PostgreSQL fails after COMMIT, though the profile cannot be warmed', async () => {
    const { stop } = afterNextCommit(() => {
      proxies.postgres.cut()
    })
    const created = await fixture.users.create({
      email: 'colder@example.com',
      username: 'colder',
      passwordHash,
    })
    stop()
    expect(orThrow(created)).toMatchObject({ username: 'colder' })
    proxies.postgres.restore()
    await eventually(
      async () => {
        expect(orThrow(await fixture.users.findByEmail('colder@example.com'))).toStrictEqual(
          orThrow(created),
        )
      },
      { timeoutMs: 60_000 },
    )
  })

  test('A failure of MongoDB turns no success into an error, and the event waits in the outbox', async () => {
    const [course, user] = [await fixture.newCourse(), await fixture.newUser()]
    proxies.mongodb.cut()
    orThrow(await fixture.enrollments.enroll({ userId: user.id, courseId: course.id }))
    orThrow(
      fixture.activity.record({
        userId: user.id,
        type: 'course.viewed',
        data: { courseId: course.id },
      }),
    )
    await expect(fixture.deliver()).rejects.toThrow('the event log was not written')
    proxies.mongodb.restore()
    await eventually(
      async () => {
        await fixture.deliver()
      },
      { timeoutMs: 60_000 },
    )
    const events = (await documents(fixture, 'enrollment_events')).filter(
      (document) => document.course_id === course.id,
    )
    expect(events).toMatchObject([{ event_type: 'enrollment.created', user_id: user.id }])
    await eventually(
      async () => {
        await fixture.activity.flush()
        expect(
          (await documents(fixture, 'user_activity')).filter(
            (document) => document.user_id === user.id && document.event_type === 'course.viewed',
          ),
        ).toHaveLength(1)
      },
      { timeoutMs: 60_000 },
    )
  })
})

describe('while PostgreSQL is down', () => {
  test('Without PostgreSQL writes are store-unavailable with nothing half done, and cached rows answer', async () => {
    const [course, user] = [await fixture.newCourse(), await fixture.newUser()]
    const cached = orThrow(await fixture.courses.get(course.id))
    await eventually(async () => {
      orThrow(await fixture.courses.get(course.id))
      expect(
        await fixture.stores.redis.client.get(
          `${fixture.stores.redis.keyPrefix}course:${course.id}`,
        ),
      ).toMatch(/^v1 /)
    })
    proxies.postgres.cut()
    expect(
      failureOf(
        await fixture.users.create({ email: 'down@example.com', username: 'down', passwordHash }),
      ),
    ).toMatchObject({ type: 'store-unavailable', store: 'postgres', retryable: true })
    expect(
      failureOf(await fixture.enrollments.enroll({ userId: user.id, courseId: course.id })).type,
    ).toBe('store-unavailable')
    await eventually(async () => {
      expect(orThrow(await fixture.courses.get(course.id))).toStrictEqual(cached)
    })
    proxies.postgres.restore()
    await eventually(
      async () => {
        expect(orThrow(await fixture.users.findByEmail('down@example.com'))).toBeUndefined()
      },
      { timeoutMs: 60_000 },
    )
    expect(orThrow(await fixture.courses.students(course.id)).items).toEqual([])
  })
})
