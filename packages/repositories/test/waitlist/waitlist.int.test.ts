import { orThrow } from '@headwater/core'
import { eventually } from '@headwater/testing'
import type { RedisClientType } from '@redis/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf } from '../repositories-fixture.ts'
import { openWaitlistFixture } from './waitlist-fixture.ts'
import type { FullCourse, WaitlistFixture } from './waitlist-fixture.ts'

let fixture: WaitlistFixture
beforeAll(async () => {
  fixture = await openWaitlistFixture()
})
afterAll(() => fixture.dispose())

const dayMs = 24 * 3_600_000
const first = ([userId = 0]: readonly number[]): number => userId
const second = ([, userId = 0]: readonly number[]): number => userId

/** Withdraws a student, so that the seat is offered to whoever waits the longest. */
async function offered(size = { seats: 1, waiting: 2 }): Promise<FullCourse> {
  const course = await fixture.fullCourse(size)
  const { courseId, students } = course
  orThrow(await fixture.enrollments.withdraw({ userId: first(students), courseId }))
  return course
}

describe('a waiting list', () => {
  test('Whoever joins a full course stands at the end, and knows how many are ahead', async () => {
    const { courseId, waiting } = await fixture.fullCourse({ seats: 1, waiting: 2 })
    const userId = (await fixture.newUser()).id
    const place = orThrow(await fixture.waitlist.join({ userId, courseId }))
    expect(place).toMatchObject({ userId, courseId, offerEndsAt: null, ahead: 2 })
    expect(orThrow(await fixture.waitlist.get({ userId, courseId }))).toEqual(place)
    expect(await fixture.eventsOf(courseId)).toEqual(
      [...waiting, userId].map((id) => `waitlist.joined ${id}`),
    )
  })

  test('Lists are read in pages, of a course first come first, and of a user newest first', async () => {
    const { courseId, waiting } = await fixture.fullCourse({ seats: 1, waiting: 3 })
    const other = await fixture.fullCourse({ seats: 1, waiting: 0 })
    const userId = first(waiting)
    orThrow(await fixture.waitlist.join({ userId, courseId: other.courseId }))
    const page = orThrow(await fixture.waitlist.listForCourse(courseId, { limit: 2 }))
    // Whoever leaves between two pages moves no one from one page to another.
    orThrow(await fixture.waitlist.leave({ userId, courseId }))
    const cursor = page.nextCursor ?? ''
    const rest = orThrow(await fixture.waitlist.listForCourse(courseId, { cursor }))
    expect([...page.items, ...rest.items].map((place) => place.userId)).toEqual(waiting)
    expect(rest.nextCursor).toBeNull()
    expect(
      failureOf(await fixture.waitlist.listForCourse(other.courseId, { cursor })),
    ).toMatchObject({ type: 'invalid-input', field: 'cursor' })
    const own = orThrow(await fixture.waitlist.listForUser(userId))
    expect(own.items.map((place) => place.courseId)).toEqual([other.courseId])
  })

  const refusals = [
    ['a user who already waits', 'already-waiting', ({ waiting }: FullCourse) => first(waiting)],
    ['a student of the course', 'already-enrolled', ({ students }: FullCourse) => first(students)],
    ['a user who does not exist', 'not-found', () => 2_000_000_000],
  ] as const
  test.each(refusals)('Joining is refused for %s, as %s', async (_who, type, userIn) => {
    const course = await fixture.fullCourse({ seats: 1, waiting: 1 })
    const key = { userId: userIn(course), courseId: course.courseId }
    expect(failureOf(await fixture.waitlist.join(key)).type).toBe(type)
    await fixture.expectRightCounts(course.courseId)
  })

  test('Joining is refused where a seat is free, and where the course is none or not published', async () => {
    const userId = (await fixture.newUser()).id
    const { id: courseId } = await fixture.newCourse({ maxStudents: 1 })
    const join = async (id: number) =>
      failureOf(await fixture.waitlist.join({ userId, courseId: id })).type
    expect(await join(courseId)).toBe('seats-available')
    orThrow(await fixture.courses.unpublish(courseId))
    expect(await join(courseId)).toBe('course-not-published')
    expect(await join(2_000_000_000)).toBe('not-found')
  })

  test('A list of the maximum length takes no one, and users who join at once do not exceed it', async () => {
    const { courseId } = await fixture.fullCourse({ seats: 1, waiting: 2 })
    const users = await fixture.manyUsers(5)
    const joined = await Promise.all(
      users.map((userId) => fixture.waitlist.join({ userId, courseId })),
    )
    expect(joined.map((result) => (result.isOk() ? 'ok' : result.error.type)).sort()).toEqual([
      'ok',
      'ok',
      'waitlist-full',
      'waitlist-full',
      'waitlist-full',
    ])
    expect(await fixture.listOf(courseId)).toHaveLength(4)
    await fixture.expectRightCounts(courseId)
  })
})

describe('a free seat', () => {
  const causes = [
    [
      'a student withdraws',
      ({ courseId, students }: FullCourse) =>
        fixture.enrollments.withdraw({ userId: first(students), courseId }),
    ],
    ['a student is deleted', ({ students }: FullCourse) => fixture.users.delete(first(students))],
    [
      'the capacity is raised',
      ({ courseId }: FullCourse) => fixture.courses.update(courseId, { maxStudents: 3 }),
    ],
  ] as const
  test.each(causes)('The longest waiting user is offered the seat when %s', async (_when, free) => {
    const course = await fixture.fullCourse({ seats: 2, waiting: 2 })
    expect((await free(course)).isOk()).toBe(true)
    expect(await fixture.listOf(course.courseId)).toEqual([
      [first(course.waiting), 'offered'],
      [second(course.waiting), 'waiting'],
    ])
    expect(await fixture.eventsOf(course.courseId)).toContain(
      `waitlist.offered ${first(course.waiting)}`,
    )
    await fixture.expectRightCounts(course.courseId)
  })

  test('The offer commits in the very transaction that frees the seat', async () => {
    const { courseId } = await offered()
    const { rows } = orThrow(
      await fixture.stores.postgres.query<{ types: string[] }>(
        `SELECT array_agg(type ORDER BY seq) AS types
         FROM @schema.outbox
         WHERE aggregateid = $1 AND aggregatetype = 'course'
         GROUP BY xid
         HAVING 'enrollment.withdrawn' = ANY (array_agg(type::text))`,
        [String(courseId)],
      ),
    )
    expect(rows).toEqual([{ types: ['enrollment.withdrawn', 'waitlist.offered'] }])
  })

  test('Everyone who waits is offered a seat when a course loses its limit', async () => {
    const { courseId, waiting } = await fixture.fullCourse({ seats: 1, waiting: 3 })
    const course = orThrow(await fixture.courses.update(courseId, { maxStudents: null }))
    expect(course.seatsOffered).toBe(3)
    expect(await fixture.listOf(courseId)).toEqual(waiting.map((id) => [id, 'offered']))
    await fixture.expectRightCounts(courseId)
  })

  test('A seat on offer goes to its user only, also among simultaneous callers of one batch', async () => {
    const { courseId, waiting } = await offered({ seats: 1, waiting: 2 })
    const strangers = await fixture.manyUsers(3)
    const [holder, next] = [first(waiting), second(waiting)]
    const callers = [...strangers, next, holder, holder]
    const results = await Promise.all(
      callers.map((userId) => fixture.enrollments.enroll({ userId, courseId })),
    )
    expect(results.map((result) => (result.isOk() ? 'ok' : result.error.type))).toEqual([
      'course-full',
      'course-full',
      'course-full',
      'course-full',
      'ok',
      'already-enrolled',
    ])
    expect(await fixture.listOf(courseId)).toEqual([[next, 'waiting']])
    expect((await fixture.eventsOf(courseId)).at(-1)).toBe(`waitlist.left ${holder}`)
    await fixture.expectRightCounts(courseId)
  })

  test('A seat on offer counts as taken for everyone else, in the course and in lists', async () => {
    const { courseId } = await offered()
    expect(orThrow(await fixture.courses.get(courseId))).toMatchObject({
      currentEnrollment: 0,
      seatsOffered: 1,
    })
    const withSeats = orThrow(await fixture.courses.list({ hasSeats: true, limit: 200 }))
    expect(withSeats.items.map((course) => course.id)).not.toContain(courseId)
  })

  test('An entry that a release without waiting lists cached is read as without offers', async () => {
    const course = await fixture.newCourse()
    const client = fixture.stores.redis.client as RedisClientType
    const key = `${fixture.parts.redis.prefix}course:${course.id}`
    const entry = await eventually(async () => {
      orThrow(await fixture.courses.get(course.id))
      const text = (await client.get(key)) ?? ''
      expect(text).toContain('"seatsOffered":0,')
      return text
    })
    await client.set(key, entry.replace('"seatsOffered":0,', ''))
    expect(orThrow(await fixture.courses.get(course.id))).toEqual(course)
  })

  test('A refused enrollment leaves the offer as it is', async () => {
    const { courseId, waiting } = await offered()
    const request = { userId: first(waiting), courseId, expectedPrice: '1.00' }
    expect(failureOf(await fixture.enrollments.enroll(request)).type).toBe('price-changed')
    expect(await fixture.listOf(courseId)).toContainEqual([first(waiting), 'offered'])
  })

  test('A capacity below the number of students and seats on offer is invalid-input', async () => {
    const { courseId } = await offered({ seats: 2, waiting: 1 })
    expect(failureOf(await fixture.courses.update(courseId, { maxStudents: 1 }))).toMatchObject({
      type: 'invalid-input',
      field: 'maxStudents',
    })
  })
})

describe('an offer', () => {
  const endings = [
    [
      'declines it',
      ({ courseId, waiting }: FullCourse) =>
        fixture.waitlist.leave({ userId: first(waiting), courseId }),
    ],
    ['is deleted', ({ waiting }: FullCourse) => fixture.users.delete(first(waiting))],
    [
      'receives the seat of a student',
      ({ courseId, students, waiting }: FullCourse) =>
        fixture.enrollments.transfer({
          courseId,
          fromUserId: second(students),
          toUserId: first(waiting),
        }),
    ],
  ] as const
  test.each(endings)('An offer goes to the next user when its user %s', async (_how, end) => {
    const course = await offered({ seats: 2, waiting: 2 })
    expect((await end(course)).isOk()).toBe(true)
    expect(await fixture.listOf(course.courseId)).toEqual([[second(course.waiting), 'offered']])
    await fixture.expectRightCounts(course.courseId)
  })

  test('An offer that has ended buys nothing, is not shown, and goes to the next user', async () => {
    const { courseId, waiting } = await offered()
    await fixture.moveOffers(courseId, -2 * dayMs)
    const [late, next] = [first(waiting), second(waiting)]
    const key = { userId: late, courseId }
    expect(failureOf(await fixture.enrollments.enroll(key)).type).toBe('course-full')
    expect(orThrow(await fixture.waitlist.get(key))).toBeUndefined()
    // Whoever was late may join again, at the end: the next change passes the seat on first.
    expect(orThrow(await fixture.waitlist.join(key))).toMatchObject({ ahead: 1 })
    expect(await fixture.listOf(courseId)).toEqual([
      [next, 'offered'],
      [late, 'waiting'],
    ])
    expect((await fixture.eventsOf(courseId)).slice(-3)).toEqual([
      `waitlist.lapsed ${late}`,
      `waitlist.offered ${next}`,
      `waitlist.joined ${late}`,
    ])
    await fixture.expectRightCounts(courseId)
  })

  test('Offers of an unpublished course are taken back, and made again in the old order', async () => {
    const { courseId, waiting } = await offered({ seats: 1, waiting: 2 })
    orThrow(await fixture.courses.unpublish(courseId))
    expect(await fixture.listOf(courseId)).toEqual(waiting.map((id) => [id, 'waiting']))
    const published = orThrow(await fixture.courses.publish(courseId))
    expect(published.seatsOffered).toBe(1)
    expect(await fixture.listOf(courseId)).toEqual([
      [first(waiting), 'offered'],
      [second(waiting), 'waiting'],
    ])
    expect((await fixture.eventsOf(courseId)).slice(-2)).toEqual([
      `waitlist.revoked ${first(waiting)}`,
      `waitlist.offered ${first(waiting)}`,
    ])
    await fixture.expectRightCounts(courseId)
  })
})

describe('the end of a list', () => {
  test('Everyone leaves the list of a course that is deleted', async () => {
    const { courseId, waiting } = await offered()
    orThrow(await fixture.courses.delete(courseId))
    expect(await fixture.listOf(courseId)).toEqual([])
    expect((await fixture.eventsOf(courseId)).slice(-2)).toEqual(
      waiting.map((id) => `waitlist.left ${id}`),
    )
  })

  test('Leaving a list twice is not-waiting, and a course that does not exist not-found', async () => {
    const { courseId, waiting } = await fixture.fullCourse({ seats: 1, waiting: 1 })
    const key = { userId: first(waiting), courseId }
    orThrow(await fixture.waitlist.leave(key))
    expect(failureOf(await fixture.waitlist.leave(key)).type).toBe('not-waiting')
    const nowhere = { ...key, courseId: 2_000_000_000 }
    expect(failureOf(await fixture.waitlist.leave(nowhere)).type).toBe('not-found')
  })

  test('A deleted user leaves every list under the pseudonym, and the export knew the places', async () => {
    const { courseId, waiting } = await fixture.fullCourse({ seats: 1, waiting: 1 })
    const userId = first(waiting)
    const exported = orThrow(await fixture.users.export(userId))
    expect(exported.waitlist).toMatchObject([{ userId, courseId, offerEndsAt: null }])
    orThrow(await fixture.users.delete(userId))
    expect((await fixture.eventsOf(courseId)).at(-1)).toMatch(/^waitlist\.left -\d+$/)
    await fixture.expectRightCounts(courseId)
  })
})
