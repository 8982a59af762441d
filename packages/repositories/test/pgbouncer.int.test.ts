import { createRelay, orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { documents, failureOf, openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'
import { hasPgbouncer, startPgbouncer } from './pgbouncer.ts'
import type { Pgbouncer } from './pgbouncer.ts'

describe.skipIf(!hasPgbouncer)(
  'behind PgBouncer in transaction mode (skipped where pgbouncer is not on the PATH)',
  () => {
    let fixture: RepositoriesFixture
    let bouncer: Pgbouncer
    beforeAll(async () => {
      fixture = await openFixture({
        connect: async (options, { postgres }) => {
          bouncer = await startPgbouncer(postgres.url)
          return {
            ...options,
            postgres: {
              url: bouncer.url,
              prepare: false,
              serverStatementTimeout: false,
              maxConnections: 20,
              connectTimeoutMs: 60_000,
            },
          }
        },
      })
    })
    afterAll(async () => {
      await fixture.dispose()
      await bouncer.stop()
    })

    test('Every operation works behind PgBouncer', async () => {
      const [course, giver, receiver] = [
        await fixture.newCourse({ maxStudents: 1 }),
        await fixture.newUser(),
        await fixture.newUser(),
      ]
      const key = { userId: giver.id, courseId: course.id }
      orThrow(await fixture.users.update(giver.id, { role: 'x' }))
      orThrow(await fixture.enrollments.enroll(key))
      expect(
        failureOf(await fixture.enrollments.enroll({ ...key, userId: receiver.id })).type,
      ).toBe('course-full')
      orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 100 }))
      orThrow(
        await fixture.enrollments.transfer({
          courseId: course.id,
          fromUserId: giver.id,
          toUserId: receiver.id,
        }),
      )
      expect(orThrow(await fixture.courses.students(course.id)).items).toHaveLength(1)
      expect(orThrow(await fixture.enrollments.listForUser(receiver.id)).items).toHaveLength(1)
      expect(orThrow(await fixture.courses.list({ sort: 'price-ascending' })).items).toHaveLength(1)
      orThrow(await fixture.enrollments.withdraw({ userId: receiver.id, courseId: course.id }))
      orThrow(await fixture.courses.unpublish(course.id))
      orThrow(await fixture.courses.delete(course.id))
    })

    test('Two processes with more connections than PgBouncer has servers for sell no seat twice', async () => {
      const other = await fixture.openAnother()
      const [course, ...others] = await Promise.all(
        Array.from({ length: 12 }, () => fixture.newCourse({ maxStudents: 25 })),
      )
      const users = await Promise.all(Array.from({ length: 40 }, () => fixture.newUser()))
      const results = await Promise.all(
        users.flatMap((user, index) =>
          [fixture, other].flatMap(({ enrollments }) =>
            [course, others[index % others.length]].map((wanted) =>
              enrollments.enroll({ userId: user.id, courseId: wanted?.id ?? 0 }),
            ),
          ),
        ),
      )
      const failures = new Set(
        results.flatMap((result) => (result.isErr() ? [result.error.type] : [])),
      )
      expect(failures).toEqual(new Set(['already-enrolled', 'course-full']))
      expect(
        results.filter((result) => result.isOk() && result.value.courseId === course?.id),
      ).toHaveLength(25)
      expect(orThrow(await fixture.courses.get(course?.id ?? 0))?.currentEnrollment).toBe(25)
      await other.close()
    })

    test('Behind PgBouncer the outbox delivers every event to MongoDB once', async () => {
      const relay = createRelay(fixture.stores, { sinks: fixture.sinks })
      relay.start()
      const user = await fixture.newUser()
      await eventually(
        async () => {
          const found = (await documents(fixture, 'user_activity')).filter(
            (document) => document['user_id'] === user.id,
          )
          expect(found).toHaveLength(1)
        },
        { timeoutMs: 60_000 },
      )
      orThrow(await relay.stop())
    })
  },
)
