import { createRelay, orThrow } from '@headwater/core'
import type { OutboxEvent, Sink } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aDate,
  documents,
  failureOf,
  openFixture,
  publishedEvents,
} from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

const context = { signal: new AbortController().signal, fence: () => 1n }
const sink = (name: string): Sink =>
  fixture.sinks.find((candidate) => candidate.name === name) ??
  (() => {
    throw new Error(`no sink ${name}`)
  })()

describe('the activity-log sink', () => {
  test('The activity-log sink writes one document per event with its id, and money in minor units', async () => {
    const course = await fixture.newCourse({ price: '49.99' })
    const [student, next] = [await fixture.newUser(), await fixture.newUser()]
    const key = { userId: student.id, courseId: course.id }
    orThrow(
      await fixture.enrollments.enroll({
        ...key,
        payment: { method: 'credit_card', discount: '10.09' },
      }),
    )
    orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 100 }))
    orThrow(
      await fixture.enrollments.transfer({
        courseId: course.id,
        fromUserId: student.id,
        toUserId: next.id,
      }),
    )
    orThrow(await fixture.enrollments.withdraw({ userId: next.id, courseId: course.id }))
    await fixture.deliver()
    await fixture.deliver()
    const events = await publishedEvents(fixture.stores)
    const idOf = (type: string, aggregateId = course.id) =>
      events.find((event) => event.type === type && event.aggregateId === String(aggregateId))?.id
    const base = { course_id: course.id, timestamp: aDate }
    const found = (await documents(fixture, 'enrollment_events')).filter(
      (document) => document.course_id === course.id,
    )
    expect(found).toHaveLength(4)
    expect(found).toEqual(
      expect.arrayContaining([
        {
          ...base,
          _id: idOf('enrollment.created'),
          user_id: student.id,
          event_type: 'enrollment.created',
          event_data: { payment_method: 'credit_card', price_paid: 3_990, discount_applied: 1_009 },
        },
        {
          ...base,
          _id: idOf('enrollment.completed'),
          user_id: student.id,
          event_type: 'enrollment.completed',
          event_data: {},
        },
        {
          ...base,
          _id: idOf('enrollment.transferred'),
          user_id: next.id,
          event_type: 'enrollment.transferred',
          event_data: { from_user_id: student.id },
        },
        {
          ...base,
          _id: idOf('enrollment.withdrawn'),
          user_id: next.id,
          event_type: 'enrollment.withdrawn',
          event_data: { refunded: 3_990 },
        },
      ]),
    )
    expect(
      (await documents(fixture, 'user_activity')).filter(
        (document) => document.user_id === student.id,
      ),
    ).toEqual([
      {
        _id: idOf('user.registered', student.id),
        user_id: student.id,
        event_type: 'user.registered',
        event_data: { role: 'student' },
        metadata: { ip_address: null, user_agent: null, referrer: null },
        timestamp: aDate,
      },
    ])
  })

  test('The activity-log sink gives up an event with an unreadable payload and delivers its siblings', async () => {
    const broken: OutboxEvent = {
      id: '01a20431-237c-713c-84f2-5faa56255501',
      seq: 1n,
      aggregateType: 'course',
      aggregateId: '1',
      type: 'enrollment.created',
      version: 1,
      payload: { userId: 'x' },
      headers: {},
      createdAt: new Date(),
    }
    const whole: OutboxEvent = {
      ...broken,
      id: '01a20431-237c-713c-84f2-5faa56255502',
      type: 'enrollment.withdrawn',
      payload: { enrollmentId: 1, userId: 77_777, courseId: 1 },
    }
    const report = orThrow(await sink('activity-log').handle([broken, whole], context))
    expect(report.failed).toMatchObject([
      { id: broken.id, failure: { type: 'sink-failed', retryable: false } },
    ])
    expect(
      (await documents(fixture, 'enrollment_events')).filter(
        (document) => document.user_id === 77_777,
      ),
    ).toHaveLength(1)
  })
})

describe('a relay with the sinks of the repositories', () => {
  test('A relay delivers every registration and enrollment to MongoDB and every count to courses:popular', async () => {
    const another = await openFixture()
    const relay = createRelay(another.stores, { sinks: another.sinks })
    relay.start()
    const course = await another.newCourse({ title: 'Relayed' })
    const students = await Promise.all(Array.from({ length: 12 }, () => another.newUser()))
    await Promise.all(
      students.map(async ({ id }) =>
        orThrow(await another.enrollments.enroll({ userId: id, courseId: course.id })),
      ),
    )
    await eventually(
      async () => {
        const events = await documents(another, 'enrollment_events')
        expect(events.map((document) => document.user_id).sort()).toEqual(
          students.map(({ id }) => id).sort(),
        )
        expect(await documents(another, 'user_activity')).toHaveLength(13)
        const scores = orThrow(
          await another.stores.redis.run('scores', (client) =>
            client.zScore(`${another.stores.redis.keyPrefix}courses:popular`, String(course.id)),
          ),
        )
        expect(scores).toBe(12)
      },
      { timeoutMs: 60_000 },
    )
    await another.dispose()
  })
})

describe('a sink whose store is down', () => {
  test('A sink whose store is down fails retryably, so that the relay delivers the same events again', async () => {
    const another = await openFixture({
      repositories: { activity: { writeDeadlineMs: 2_000 } },
      connect: (options) => ({
        ...options,
        mongodb: { url: 'mongodb://127.0.0.1:1', database: 'x' },
        redis: { url: 'redis://127.0.0.1:1' },
      }),
    })
    const course = await another.newCourse()
    orThrow(
      await another.enrollments.enroll({
        userId: (await another.newUser()).id,
        courseId: course.id,
      }),
    )
    orThrow(await another.users.delete((await another.newUser()).id))
    const events = (await publishedEvents(another.stores)).filter((event) =>
      ['enrollment.created', 'user.deleted'].includes(event.type),
    )
    for (const candidate of another.sinks)
      expect(failureOf(await candidate.handle(events, context))).toMatchObject({
        type: 'sink-failed',
        retryable: true,
      })
    await another.dispose()
  })
})
