import { ok, orThrow, ResultAsync, transaction } from '@headwater/core'
import { eventually } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

const eventsOf = async (courseId: number) =>
  (await publishedEvents(fixture.stores)).filter(
    (event) => event.aggregateType === 'course' && event.aggregateId === String(courseId),
  )

describe('courses.create', () => {
  test('create returns the course as stored: unpublished, with the price as a decimal string', async () => {
    const { id: instructorId } = await fixture.newUser()
    const course = orThrow(
      await fixture.courses.create({
        title: 'Topology',
        description: 'Of doughnuts.',
        instructorId,
        category: 'Math',
        difficulty: 'advanced',
        language: 'DE-at',
        maxStudents: 20,
        price: 49.5,
      }),
    )
    expect(course).toStrictEqual({
      id: course.id,
      title: 'Topology',
      description: 'Of doughnuts.',
      instructorId,
      category: 'Math',
      difficulty: 'advanced',
      language: 'de-AT',
      maxStudents: 20,
      currentEnrollment: 0,
      seatsOffered: 0,
      price: '49.50',
      isPublished: false,
      version: 1,
      createdAt: aDate,
      updatedAt: aDate,
    })
    expect(orThrow(await fixture.courses.get(course.id))).toStrictEqual(course)
    expect(await eventsOf(course.id)).toMatchObject([
      { type: 'course.created', version: 1, payload: { courseId: course.id } },
    ])
  })

  test('A course needs no limit, no description and no price above zero', async () => {
    const { id: instructorId } = await fixture.newUser()
    expect(
      orThrow(await fixture.courses.create({ title: 'Free', instructorId, price: 0 })),
    ).toMatchObject({
      maxStudents: null,
      description: null,
      category: null,
      difficulty: null,
      language: 'en',
      price: '0.00',
    })
  })

  test('create refuses an instructor who does not exist', async () => {
    expect(
      failureOf(
        await fixture.courses.create({ title: 'Nobody', instructorId: 999_999, price: '1.00' }),
      ),
    ).toMatchObject({ type: 'not-found', entity: 'user', id: '999999' })
  })
})

describe('courses.get', () => {
  const shapes = [
    [
      'all fields',
      {
        description: 'd',
        category: 'Art',
        difficulty: 'beginner',
        language: 'pt-BR',
        maxStudents: 3,
        price: '99999999.99',
      },
    ],
    [
      'nothing optional',
      { description: null, category: null, difficulty: null, maxStudents: null, price: '0.10' },
    ],
  ] as const
  test.each(shapes)(
    'Courses from PostgreSQL, the cache and a transaction are deeply equal (%s)',
    async (_shape, fields) => {
      const { id } = await fixture.newCourse(fields)
      const loaded = orThrow(await fixture.courses.get(id))
      await eventually(async () => {
        const asked = await countOperations(fixture.stores, async () => {
          expect(orThrow(await fixture.courses.get(id))).toStrictEqual(loaded)
        })
        expect(asked.filter((operation) => operation.startsWith('postgres'))).toEqual([])
      })
      expect(
        orThrow(
          await transaction(fixture.stores, async (tx) =>
            ok(orThrow(await fixture.courses.get(id, { tx }))),
          ),
        ),
      ).toStrictEqual(loaded)
      expect(loaded).toMatchObject(fields)
    },
  )

  test('Repeated reads of a course that does not exist ask PostgreSQL once', async () => {
    let id = 900_000
    await eventually(async () => {
      id += 1
      const asked = await countOperations(fixture.stores, async () => {
        for (let read = 0; read < 3; read += 1)
          expect(orThrow(await fixture.courses.get(id))).toBeUndefined()
      })
      expect(asked.filter((operation) => operation.startsWith('postgres'))).toHaveLength(1)
    })
  })
})

describe('courses.update', () => {
  test('An update sets given fields, leaves absent ones, clears null ones, and readers see it at once', async () => {
    const course = await fixture.newCourse({ description: 'old', category: 'Art', maxStudents: 5 })
    orThrow(await fixture.courses.get(course.id))
    const updated = orThrow(
      await fixture.courses.update(course.id, {
        title: 'New',
        maxStudents: null,
        description: null,
        price: '10',
      }),
    )
    expect(updated).toStrictEqual({
      ...course,
      title: 'New',
      maxStudents: null,
      description: null,
      price: '10.00',
      version: 3,
      updatedAt: updated.updatedAt,
    })
    expect(orThrow(await fixture.courses.get(course.id))).toStrictEqual(updated)
    expect((await eventsOf(course.id)).at(-1)).toMatchObject({
      type: 'course.updated',
      version: 3,
      payload: { changed: ['title', 'description', 'maxStudents', 'price'] },
    })
  })

  test('An update of an unknown course is not-found', async () => {
    expect(failureOf(await fixture.courses.update(999_999, { title: 'x' })).type).toBe('not-found')
  })

  test('An update with expectedVersion changes only that version, and enrollments do not count', async () => {
    const course = await fixture.newCourse()
    const student = await fixture.newUser()
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    expect(
      orThrow(
        await fixture.courses.update(course.id, { title: 'A', expectedVersion: course.version }),
      ),
    ).toMatchObject({ title: 'A', currentEnrollment: 1 })
    expect(
      failureOf(
        await fixture.courses.update(course.id, { title: 'B', expectedVersion: course.version }),
      ).type,
    ).toBe('version-conflict')
  })

  test('An update refuses fewer seats than there are students, and an unknown instructor', async () => {
    const course = await fixture.newCourse({ maxStudents: 2 })
    for (const student of [await fixture.newUser(), await fixture.newUser()])
      orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    expect(failureOf(await fixture.courses.update(course.id, { maxStudents: 1 }))).toMatchObject({
      type: 'invalid-input',
      field: 'maxStudents',
    })
    expect(
      failureOf(await fixture.courses.update(course.id, { instructorId: 999_999 })),
    ).toMatchObject({ type: 'not-found', entity: 'user' })
  })
})

describe('courses.publish and unpublish', () => {
  test('publish and unpublish take effect once, with one event each', async () => {
    const course = await fixture.newCourse()
    expect(orThrow(await fixture.courses.publish(course.id))).toStrictEqual(course)
    const hidden = orThrow(await fixture.courses.unpublish(course.id))
    expect(hidden).toMatchObject({ isPublished: false, version: 3 })
    expect(orThrow(await fixture.courses.unpublish(course.id))).toStrictEqual(hidden)
    expect(orThrow(await fixture.courses.get(course.id))).toStrictEqual(hidden)
    expect((await eventsOf(course.id)).map((event) => [event.type, event.version])).toEqual([
      ['course.created', 1],
      ['course.published', 2],
      ['course.unpublished', 3],
    ])
  })

  test('publish and unpublish of an unknown course are not-found', async () => {
    expect(failureOf(await fixture.courses.publish(999_999)).type).toBe('not-found')
    expect(failureOf(await fixture.courses.unpublish(999_999)).type).toBe('not-found')
  })
})

describe('courses.delete', () => {
  test('A deleted course is in no list of its students any more', async () => {
    const [course, student] = [await fixture.newCourse(), await fixture.newUser()]
    orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    expect(orThrow(await fixture.enrollments.listForUser(student.id)).items).toHaveLength(1)
    orThrow(await fixture.courses.students(course.id))
    orThrow(await fixture.courses.delete(course.id))
    expect(orThrow(await fixture.courses.get(course.id))).toBeUndefined()
    expect(orThrow(await fixture.enrollments.listForUser(student.id)).items).toEqual([])
    expect(
      orThrow(await fixture.enrollments.isEnrolled({ userId: student.id, courseId: course.id })),
    ).toBe(false)
    expect(orThrow(await fixture.courses.students(course.id)).items).toEqual([])
    expect((await eventsOf(course.id)).at(-1)).toMatchObject({
      type: 'course.deleted',
      version: 3,
      payload: { courseId: course.id, enrollmentsEnded: 1 },
    })
  })

  test('The deletion of an unknown course is not-found', async () => {
    expect(failureOf(await fixture.courses.delete(999_999)).type).toBe('not-found')
  })
})

describe('courses.list', () => {
  test('A walk through a category meets every published course once, newest first', async () => {
    const ids: number[] = []
    for (let index = 0; index < 7; index += 1)
      ids.unshift((await fixture.newCourse({ category: 'Paging' })).id)
    orThrow(await fixture.courses.unpublish(ids[3] ?? 0))
    const seen: number[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = orThrow(await fixture.courses.list({ category: 'Paging', limit: 2, cursor }))
      seen.push(...page.items.map((course) => course.id))
      cursor = page.nextCursor
    }
    expect(seen).toEqual(ids.filter((id) => id !== ids[3]))
    expect(
      orThrow(await fixture.courses.list({ category: 'Paging', isPublished: false })).items.map(
        (course) => course.id,
      ),
    ).toEqual([ids[3]])
  })

  test('A list of courses refuses the cursor of another list', async () => {
    const course = await fixture.newCourse()
    for (const student of [await fixture.newUser(), await fixture.newUser()])
      orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    const { nextCursor } = orThrow(await fixture.courses.students(course.id, { limit: 1 }))
    expect(nextCursor).not.toBeNull()
    expect(failureOf(await fixture.courses.list({ cursor: nextCursor ?? '' }))).toMatchObject({
      type: 'invalid-input',
      field: 'cursor',
    })
  })
})

describe('courses.students', () => {
  test('The students of a course come page by page, with new names at once', async () => {
    const course = await fixture.newCourse()
    const students = [await fixture.newUser(), await fixture.newUser(), await fixture.newUser()]
    for (const student of students)
      orThrow(await fixture.enrollments.enroll({ userId: student.id, courseId: course.id }))
    const first = orThrow(await fixture.courses.students(course.id, { limit: 2 }))
    const second = orThrow(
      await fixture.courses.students(course.id, { limit: 2, cursor: first.nextCursor ?? '' }),
    )
    expect([...first.items, ...second.items]).toStrictEqual(students)
    expect(second.nextCursor).toBeNull()
    orThrow(await fixture.users.update(students[0]?.id ?? 0, { fullName: 'Renamed' }))
    expect(orThrow(await fixture.courses.students(course.id)).items[0]).toMatchObject({
      fullName: 'Renamed',
    })
  })
})

describe('courses.popular', () => {
  const key = () => `${fixture.stores.redis.keyPrefix}courses:popular`
  const lose = async () =>
    orThrow(await fixture.stores.redis.run('lose', (client) => client.del(key())))
  const scoreOf = async (member: string) =>
    orThrow(await fixture.stores.redis.run('look', (client) => client.zScore(key(), member)))
  /** Whether the set is answered from; a read starts the rebuild of one that is not. */
  const isComplete = async () => {
    orThrow(await fixture.courses.popular(1))
    return (await scoreOf(`run:${fixture.stores.redis.runId ?? ''}`)) === -1
  }

  test('Popular courses follow enrollments and withdrawals, and are rebuilt when Redis has lost them', async () => {
    const { courses, enrollments } = fixture
    const [small, large] = [
      await fixture.newCourse({ title: 'small' }),
      await fixture.newCourse({ title: 'large' }),
    ]
    const students = await Promise.all(Array.from({ length: 6 }, () => fixture.newUser()))
    for (const { id } of students)
      orThrow(await enrollments.enroll({ userId: id, courseId: large.id }))
    for (const { id } of students.slice(0, 5))
      orThrow(await enrollments.enroll({ userId: id, courseId: small.id }))
    const top = async () =>
      orThrow(await courses.popular(2)).map((course) => [course.title, course.currentEnrollment])
    await fixture.deliver()
    expect(await top()).toEqual([
      ['large', 6],
      ['small', 5],
    ])
    for (const { id } of students.slice(0, 3))
      orThrow(await enrollments.withdraw({ userId: id, courseId: large.id }))
    await fixture.deliver()
    expect((await top())[0]).toEqual(['small', 5])
    await lose()
    expect((await top())[0]).toEqual(['small', 5])
    orThrow(await courses.unpublish(small.id))
    await fixture.deliver()
    await eventually(async () => {
      expect((await top()).map(([title]) => title)).not.toContain('small')
    })
  })

  test('Of courses with as many students the newest comes first, from Redis and from PostgreSQL', async () => {
    const { courses, enrollments } = fixture
    const student = await fixture.newUser()
    const made: number[] = []
    for (let nth = 0; nth < 12; nth += 1) {
      const { id } = await fixture.newCourse({ title: `tied ${nth}` })
      orThrow(await enrollments.enroll({ userId: student.id, courseId: id }))
      made.push(id)
    }
    await fixture.deliver()
    const top = async (limit: number) =>
      orThrow(await courses.popular(limit)).flatMap(({ id, title }) =>
        title.startsWith('tied') ? [id] : [],
      )
    await eventually(isComplete)
    for (const limit of [5, 12, 100]) {
      const fromRedis = await top(limit)
      await lose()
      expect(fromRedis).toEqual(await top(limit))
      await eventually(isComplete)
    }
    expect(await top(100)).toEqual(made.toReversed())
  })

  test('A rebuild from older counts does not outlast what was written during it', async () => {
    const { courses, enrollments } = fixture
    const { redis } = fixture.stores
    const course = await fixture.newCourse({ title: 'rising' })
    const enroll = async () => {
      const { id } = await fixture.newUser()
      orThrow(await enrollments.enroll({ userId: id, courseId: course.id }))
    }
    await enroll()
    await fixture.deliver()
    const [released, written] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()]
    let isReached = false
    const run: typeof redis.run = redis.run.bind(redis)
    // The first rebuild has read its counts, and writes them last.
    const spy = vi.spyOn(redis, 'run').mockImplementation((...asked) => {
      if (isReached || asked[0] !== 'popularity-rebuild') return run(...asked)
      isReached = true
      return ResultAsync.fromSafePromise(released.promise).andThen(() => {
        const replaced = run(...asked)
        written.resolve(replaced)
        return replaced
      })
    })
    try {
      await eventually(async () => {
        await lose()
        orThrow(await courses.popular())
        return isReached
      })
      await enroll()
      await fixture.deliver()
      released.resolve()
      await written.promise
    } finally {
      spy.mockRestore()
      released.resolve()
    }
    await eventually(isComplete)
    expect(await scoreOf(String(course.id))).toBe(2)
  })

  test('A set of popular courses from another run of the server counts as lost', async () => {
    const { courses, stores } = fixture
    const ghost = await fixture.newCourse({ title: 'ghost' })
    const members = [
      { value: 'run:of-before', score: -1 },
      { value: String(ghost.id), score: 1_000 },
    ]
    orThrow(
      await stores.redis.run('restore', (client) =>
        client.multi().del(key()).zAdd(key(), members).exec(),
      ),
    )
    expect(orThrow(await courses.popular()).map((course) => course.title)).not.toContain('ghost')
  })
})
