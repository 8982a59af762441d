import { ok, orThrow, transaction } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  aDate,
  countOperations,
  failureOf,
  openFixture,
  publishedEvents,
} from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture({
    connect: (options) => ({
      ...options,
      postgres: { ...options.postgres, connectTimeoutMs: 60_000 },
    }),
  })
})
afterAll(() => fixture.dispose())

const eventsOf = async (courseId: number) =>
  (await publishedEvents(fixture.stores)).filter(
    (event) =>
      event.aggregateType === 'course' &&
      event.aggregateId === String(courseId) &&
      event.type.startsWith('enrollment.'),
  )

async function countsOf(courseId: number) {
  const {
    rows: [row],
  } = orThrow(
    await fixture.stores.postgres.query<{ counted: number; rows: number }>(
      `
    SELECT current_enrollment AS counted,
           (SELECT count(*)::integer FROM @schema.enrollments WHERE course_id = c.id) AS rows
    FROM @schema.courses AS c
    WHERE id = $1`,
      [courseId],
    ),
  )
  return row
}

describe('enrollments.enroll', () => {
  test('enroll takes a seat, counts it and leaves the version of the course as it is', async () => {
    const [course, student] = [await fixture.newCourse({ maxStudents: 5 }), await fixture.newUser()]
    const enrollment = orThrow(
      await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }),
    )
    expect(enrollment).toStrictEqual({
      id: enrollment.id,
      userId: student.id,
      courseId: course.id,
      enrolledAt: aDate,
      completedAt: null,
      progress: 0,
    })
    expect(orThrow(await fixture.courses.get(course.id))).toStrictEqual({
      ...course,
      currentEnrollment: 1,
    })
  })

  test('A course with max_students NULL takes any number of students', async () => {
    const course = await fixture.newCourse({ maxStudents: null })
    for (let index = 0; index < 12; index += 1)
      orThrow(
        await fixture.enrollments.enroll({
          userId: (await fixture.newUser()).id,
          courseId: course.id,
        }),
      )
    expect(await countsOf(course.id)).toEqual({ counted: 12, rows: 12 })
  })

  test('A course without seats takes no student', async () => {
    const [course, student] = [await fixture.newCourse({ maxStudents: 0 }), await fixture.newUser()]
    expect(
      failureOf(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id })).type,
    ).toBe('course-full')
  })

  test('Of 2,000 simultaneous callers exactly 50 get the 50 seats, and the count says 50', async () => {
    const course = await fixture.newCourse({ maxStudents: 50 })
    const students = await fixture.manyUsers(2_000)
    const results = await Promise.all(
      students.map((userId) => fixture.enrollments.enroll({ userId, courseId: course.id })),
    )
    const outcomes = Object.groupBy(results, (result) => (result.isOk() ? 'ok' : result.error.type))
    expect(
      Object.fromEntries(Object.entries(outcomes).map(([outcome, of]) => [outcome, of?.length])),
    ).toEqual({ ok: 50, 'course-full': 1_950 })
    expect(await countsOf(course.id)).toEqual({ counted: 50, rows: 50 })
    expect(orThrow(await fixture.courses.get(course.id))).toMatchObject({ currentEnrollment: 50 })
    expect(await eventsOf(course.id)).toHaveLength(50)
  })

  test('A user who asks twenty times at once gets one seat', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        fixture.enrollments.enroll({ userId: student.id, courseId: course.id }),
      ),
    )
    expect(results.filter((result) => result.isOk())).toHaveLength(1)
    expect(
      new Set(results.flatMap((result) => (result.isErr() ? [result.error.type] : []))),
    ).toEqual(new Set(['already-enrolled']))
    expect(await countsOf(course.id)).toEqual({ counted: 1, rows: 1 })
  })

  test('A refusal has its reason: full, enrolled, not published, no such user, no such course', async () => {
    const [student, other] = [await fixture.newUser(), await fixture.newUser()]
    const course = await fixture.newCourse({ maxStudents: 1 })
    const enroll = async (userId: number, courseId: number) =>
      failureOf(await fixture.enrollments.enroll({ userId, courseId }))
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    expect(await enroll(other.id, course.id)).toMatchObject({
      type: 'course-full',
      retryable: false,
    })
    expect(await enroll(student.id, course.id)).toMatchObject({ type: 'already-enrolled' })
    orThrow(await fixture.courses.unpublish(course.id))
    expect(await enroll(other.id, course.id)).toMatchObject({ type: 'course-not-published' })
    expect(await enroll(student.id, 999_999)).toMatchObject({ type: 'not-found', entity: 'course' })
    expect(await enroll(999_999, course.id)).toMatchObject({ type: 'not-found', entity: 'user' })
    expect(await enroll(999_999, (await fixture.newCourse()).id)).toMatchObject({
      type: 'not-found',
      entity: 'user',
    })
  })

  test('enrollment.created carries price paid and discount as decimal strings', async () => {
    const course = await fixture.newCourse({ price: '0.30' })
    const pay = async (payment?: { method: string; discount?: number | string }) =>
      orThrow(
        await fixture.enrollments.enroll({
          userId: (await fixture.newUser()).id,
          courseId: course.id,
          ...(payment && { payment }),
        }),
      )
    await pay({ method: 'credit_card', discount: 0.1 })
    await pay({ method: 'voucher', discount: '0.30' })
    await pay({ method: 'invoice' })
    await pay()
    expect(
      (await eventsOf(course.id)).map((event) => (event.payload as { payment: unknown }).payment),
    ).toMatchObject([
      { method: 'credit_card', discount: '0.10', pricePaid: '0.20' },
      { method: 'voucher', discount: '0.30', pricePaid: '0.00' },
      { method: 'invoice', discount: '0.00', pricePaid: '0.30' },
      { method: null, discount: '0.00', pricePaid: '0.30' },
    ])
  })

  test('A discount above the price is refused without a change', async () => {
    const [course, student] = [await fixture.newCourse({ price: '49.00' }), await fixture.newUser()]
    const refused = await fixture.enrollments.enroll({
      userId: student.id,
      courseId: course.id,
      payment: { method: 'credit_card', discount: '49.01' },
    })
    expect(failureOf(refused)).toMatchObject({ type: 'invalid-input', field: 'payment.discount' })
    expect(await countsOf(course.id)).toEqual({ counted: 0, rows: 0 })
    expect(await eventsOf(course.id)).toEqual([])
  })

  test('An enrollment shows at once in the course, its students and the lists of the user', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    const look = async () => [
      orThrow(await fixture.courses.get(course.id))?.currentEnrollment,
      orThrow(await fixture.courses.students(course.id)).items.map((user) => user.id),
      orThrow(await fixture.enrollments.listForUser(student.id)).items.map((item) => item.courseId),
      orThrow(await fixture.enrollments.isEnrolled({ userId: student.id, courseId: course.id })),
    ]
    expect(await look()).toEqual([0, [], [], false])
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    expect(await look()).toEqual([1, [student.id], [course.id], true])
    orThrow(await fixture.enrollments.withdraw({ userId: student.id, courseId: course.id }))
    expect(await look()).toEqual([0, [], [], false])
  })

  test('A refusal holds no key, so a full course that everyone asks for stays cached', async () => {
    const [course, student] = [await fixture.newCourse({ maxStudents: 0 }), await fixture.newUser()]
    await eventually(async () => {
      const asked = await countOperations(fixture.stores, async () => {
        failureOf(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
        // Redis answers in order: what the refusal asked of it has been answered when this has.
        orThrow(await fixture.courses.get(course.id))
      })
      expect(asked.filter((operation) => /redis: (hold|release)/.test(operation))).toEqual([])
    })
  })
})

describe('enrollments.withdraw', () => {
  test('A withdrawal releases the seat for another user', async () => {
    const [course, student, next] = [
      await fixture.newCourse({ maxStudents: 1 }),
      await fixture.newUser(),
      await fixture.newUser(),
    ]
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    orThrow(await fixture.enrollments.withdraw({ userId: student.id, courseId: course.id }))
    orThrow(await fixture.enrollments.enroll({ userId: next.id, courseId: course.id }))
    expect(await countsOf(course.id)).toEqual({ counted: 1, rows: 1 })
    expect((await eventsOf(course.id)).map((event) => event.type)).toEqual([
      'enrollment.created',
      'enrollment.withdrawn',
      'enrollment.created',
    ])
  })

  test('A withdrawal without a seat is not-enrolled, of an unknown course not-found; the count stays', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    expect(
      failureOf(await fixture.enrollments.withdraw({ userId: student.id, courseId: course.id }))
        .type,
    ).toBe('not-enrolled')
    expect(
      failureOf(await fixture.enrollments.withdraw({ userId: student.id, courseId: 999_999 })).type,
    ).toBe('not-found')
    expect(await countsOf(course.id)).toEqual({ counted: 0, rows: 0 })
  })

  test('A withdrawal asked for twenty times at once happens once', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    orThrow(
      await fixture.enrollments.enroll({
        userId: (await fixture.newUser()).id,
        courseId: course.id,
      }),
    )
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        fixture.enrollments.withdraw({ userId: student.id, courseId: course.id }),
      ),
    )
    expect(results.filter((result) => result.isOk())).toHaveLength(1)
    expect(await countsOf(course.id)).toEqual({ counted: 1, rows: 1 })
  })
})

describe('enrollments.transfer', () => {
  test('After a transfer users, students and count are right at once, and the receiver starts from zero', async () => {
    const [course, giver, receiver] = [
      await fixture.newCourse({ maxStudents: 1 }),
      await fixture.newUser(),
      await fixture.newUser(),
    ]
    const given = orThrow(
      await fixture.enrollments.enroll({ userId: giver.id, courseId: course.id }),
    )
    orThrow(
      await fixture.enrollments.recordProgress({
        userId: giver.id,
        courseId: course.id,
        progress: 100,
      }),
    )
    const look = async () => [
      orThrow(await fixture.enrollments.listForUser(giver.id)).items.map((item) => item.courseId),
      orThrow(await fixture.enrollments.listForUser(receiver.id)).items.map(
        (item) => item.courseId,
      ),
      orThrow(await fixture.courses.students(course.id)).items.map((user) => user.id),
    ]
    expect(await look()).toEqual([[course.id], [], [giver.id]])
    const received = orThrow(
      await fixture.enrollments.transfer({
        courseId: course.id,
        fromUserId: giver.id,
        toUserId: receiver.id,
      }),
    )
    expect(received).toMatchObject({
      id: given.id,
      userId: receiver.id,
      progress: 0,
      completedAt: null,
    })
    expect(await look()).toEqual([[], [course.id], [receiver.id]])
    expect(await countsOf(course.id)).toEqual({ counted: 1, rows: 1 })
    expect((await eventsOf(course.id)).at(-1)).toMatchObject({
      type: 'enrollment.transferred',
      payload: {
        enrollmentId: given.id,
        courseId: course.id,
        fromUserId: giver.id,
        toUserId: receiver.id,
      },
    })
  })

  test('A transfer fails without a change when the giver has no seat or the receiver cannot have it', async () => {
    const [course, giver, receiver] = [
      await fixture.newCourse(),
      await fixture.newUser(),
      await fixture.newUser(),
    ]
    const transfer = async (toUserId: number, courseId = course.id) =>
      failureOf(await fixture.enrollments.transfer({ courseId, fromUserId: giver.id, toUserId }))
    expect((await transfer(receiver.id)).type).toBe('not-enrolled')
    orThrow(await fixture.enrollments.enroll({ userId: giver.id, courseId: course.id }))
    orThrow(await fixture.enrollments.enroll({ userId: receiver.id, courseId: course.id }))
    const before = orThrow(await fixture.enrollments.listForCourse(course.id))
    expect((await transfer(receiver.id)).type).toBe('already-enrolled')
    expect(await transfer(999_999)).toMatchObject({ type: 'not-found', entity: 'user' })
    expect(await transfer(receiver.id, 999_999)).toMatchObject({
      type: 'not-found',
      entity: 'course',
    })
    expect(await transfer(giver.id)).toMatchObject({ type: 'invalid-input', field: 'toUserId' })
    expect(orThrow(await fixture.enrollments.listForCourse(course.id))).toStrictEqual(before)
    expect((await eventsOf(course.id)).map((event) => event.type)).toEqual([
      'enrollment.created',
      'enrollment.created',
    ])
  })

  test('Simultaneous transfers, enrollments and withdrawals never deadlock, and the counts stay right', async () => {
    const courses = [await fixture.newCourse({ maxStudents: 4 }), await fixture.newCourse()]
    const users = await Promise.all(Array.from({ length: 6 }, () => fixture.newUser()))
    const another = await fixture.openAnother({ enrollments: { deadlineMs: 60_000 } })
    const { enrollments } = another
    const pick = <T>(from: readonly T[], at: number): T => from[at % from.length] as T
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const [courseId, userId, toUserId] = [
          pick(courses, index).id,
          pick(users, index * 7).id,
          pick(users, index * 11 + 1).id,
        ]
        if (index % 3 === 0) return enrollments.transfer({ courseId, fromUserId: userId, toUserId })
        return index % 3 === 1
          ? enrollments.enroll({ userId, courseId })
          : enrollments.withdraw({ userId, courseId })
      }),
    )
    const unexpected = results.flatMap((result) =>
      result.isErr() &&
      !['course-full', 'already-enrolled', 'not-enrolled', 'invalid-input'].includes(
        result.error.type,
      )
        ? [result.error]
        : [],
    )
    expect(unexpected).toEqual([])
    await another.close()
    for (const { id } of courses) {
      const counts = await countsOf(id)
      expect(counts?.counted).toBe(counts?.rows)
    }
  })
})

describe('enrollments.recordProgress', () => {
  test('The first progress of 100 sets the completion time and publishes it, later ones do not', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    const key = { userId: student.id, courseId: course.id }
    orThrow(await fixture.enrollments.enroll(key))
    expect(
      orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 99 })),
    ).toMatchObject({ progress: 99, completedAt: null })
    const completed = orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 100 }))
    expect(completed.completedAt).toBeInstanceOf(Date)
    expect(
      orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 40 })),
    ).toStrictEqual({ ...completed, progress: 40 })
    expect(
      orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 100 })),
    ).toStrictEqual(completed)
    expect(
      (await eventsOf(course.id)).filter((event) => event.type === 'enrollment.completed'),
    ).toMatchObject([{ payload: key }])
    expect(orThrow(await fixture.enrollments.listForUser(student.id)).items[0]).toMatchObject({
      progress: 100,
      completedAt: completed.completedAt,
    })
  })

  test('A hundred simultaneous reports of 100 complete the enrollment once', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    const key = { userId: student.id, courseId: course.id }
    orThrow(await fixture.enrollments.enroll(key))
    await Promise.all(
      Array.from({ length: 100 }, () =>
        fixture.enrollments.recordProgress({ ...key, progress: 100 }),
      ),
    )
    expect(
      (await eventsOf(course.id)).filter((event) => event.type === 'enrollment.completed'),
    ).toHaveLength(1)
  })

  test('Progress of a user without a seat is not-enrolled', async () => {
    expect(
      failureOf(
        await fixture.enrollments.recordProgress({
          userId: 999_999,
          courseId: 999_999,
          progress: 1,
        }),
      ).type,
    ).toBe('not-enrolled')
  })
})

describe('the lists of enrollments', () => {
  test('Lists from PostgreSQL, the cache and a transaction are deeply equal', async () => {
    const student = await fixture.newUser()
    for (const progress of [0, 100]) {
      const course = await fixture.newCourse()
      orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
      orThrow(
        await fixture.enrollments.recordProgress({
          userId: student.id,
          courseId: course.id,
          progress,
        }),
      )
    }
    const loaded = orThrow(await fixture.enrollments.listForUser(student.id))
    await eventually(async () => {
      const asked = await countOperations(fixture.stores, async () => {
        expect(orThrow(await fixture.enrollments.listForUser(student.id))).toStrictEqual(loaded)
      })
      expect(asked.filter((operation) => operation.startsWith('postgres'))).toEqual([])
    })
    expect(
      orThrow(
        await transaction(fixture.stores, async (tx) =>
          ok(orThrow(await fixture.enrollments.listForUser(student.id, { tx }))),
        ),
      ),
    ).toStrictEqual(loaded)
    expect(loaded.items.map((item) => item.progress)).toEqual([100, 0])
    expect(loaded.items[0]?.course).toMatchObject({ price: '49.00', createdAt: aDate })
  })

  test('The lists of a user show an edited course at once', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    orThrow(await fixture.enrollments.listForUser(student.id))
    orThrow(await fixture.courses.update(course.id, { title: 'Edited' }))
    expect(orThrow(await fixture.enrollments.listForUser(student.id)).items[0]?.course.title).toBe(
      'Edited',
    )
  })

  test('The list of a user shows what has changed since this process has read it', async () => {
    const student = await fixture.newUser()
    const [left, kept, joined] = [
      await fixture.newCourse({ title: 'Left' }),
      await fixture.newCourse({ title: 'Kept' }),
      await fixture.newCourse({ title: 'Joined' }),
    ]
    const titles = async () =>
      orThrow(await fixture.enrollments.listForUser(student.id)).items.map(
        ({ course }) => course.title,
      )
    const seat = (courseId: number) => ({ userId: student.id, courseId })
    for (const { id } of [left, kept]) orThrow(await fixture.enrollments.enroll(seat(id)))
    expect(await titles()).toEqual(['Kept', 'Left'])
    orThrow(await fixture.enrollments.withdraw(seat(left.id)))
    orThrow(await fixture.enrollments.enroll(seat(joined.id)))
    orThrow(await fixture.courses.update(kept.id, { title: 'Renamed' }))
    expect(await titles()).toEqual(['Joined', 'Renamed'])
    expect(await titles()).toEqual(['Joined', 'Renamed'])
  })

  test('The list of a user comes page by page, each enrollment once', async () => {
    const student = await fixture.newUser()
    const courseIds: number[] = []
    for (let index = 0; index < 5; index += 1) {
      const course = await fixture.newCourse()
      courseIds.unshift(course.id)
      orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    }
    const seen: number[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = orThrow(await fixture.enrollments.listForUser(student.id, { limit: 2, cursor }))
      seen.push(...page.items.map((item) => item.courseId))
      cursor = page.nextCursor
    }
    expect(seen).toEqual(courseIds)
  })

  test('The list of a course comes page by page, newest first', async () => {
    const course = await fixture.newCourse()
    const students = [await fixture.newUser(), await fixture.newUser(), await fixture.newUser()]
    for (const { id } of students)
      orThrow(await fixture.enrollments.enroll({ userId: id, courseId: course.id }))
    const first = orThrow(await fixture.enrollments.listForCourse(course.id, { limit: 2 }))
    const second = orThrow(
      await fixture.enrollments.listForCourse(course.id, {
        limit: 2,
        cursor: first.nextCursor ?? '',
      }),
    )
    expect([...first.items, ...second.items].map((item) => item.userId)).toEqual(
      students.map((user) => user.id).reverse(),
    )
  })

  test('Lists refuse the cursor of another user, of another course and of the other list', async () => {
    const [one, two, student, another] = [
      await fixture.newCourse(),
      await fixture.newCourse(),
      await fixture.newUser(),
      await fixture.newUser(),
    ]
    for (const [userId, courseId] of [
      [student.id, one.id],
      [student.id, two.id],
      [another.id, one.id],
    ] as const)
      orThrow(await fixture.enrollments.enroll({ userId, courseId }))
    const ofUser =
      orThrow(await fixture.enrollments.listForUser(student.id, { limit: 1 })).nextCursor ?? ''
    const ofCourse =
      orThrow(await fixture.enrollments.listForCourse(one.id, { limit: 1 })).nextCursor ?? ''
    const refused = { type: 'invalid-input', field: 'cursor' }
    expect(
      failureOf(await fixture.enrollments.listForUser(another.id, { cursor: ofUser })),
    ).toMatchObject(refused)
    expect(
      failureOf(await fixture.enrollments.listForUser(student.id, { cursor: ofCourse })),
    ).toMatchObject(refused)
    expect(
      failureOf(await fixture.enrollments.listForCourse(two.id, { cursor: ofCourse })),
    ).toMatchObject(refused)
    expect(
      failureOf(await fixture.enrollments.listForCourse(one.id, { cursor: ofUser })),
    ).toMatchObject(refused)
    expect(
      orThrow(await fixture.enrollments.listForUser(student.id, { cursor: ofUser })).items.map(
        (item) => item.courseId,
      ),
    ).toEqual([one.id])
  })
})
