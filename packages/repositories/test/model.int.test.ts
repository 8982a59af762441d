import { orThrow } from '@headwater/core'
import type { Result } from '@headwater/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFixture } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

const [userCount, courseCount] = [4, 3]

type Operation =
  | { readonly kind: 'enroll' | 'withdraw'; readonly user: number; readonly course: number }
  | {
      readonly kind: 'transfer'
      readonly user: number
      readonly to: number
      readonly course: number
    }
  | {
      readonly kind: 'progress'
      readonly user: number
      readonly course: number
      readonly progress: number
    }
  | { readonly kind: 'publish' | 'unpublish'; readonly course: number }
  | { readonly kind: 'resize'; readonly course: number; readonly maxStudents: number | null }
  | { readonly kind: 'rush'; readonly course: number; readonly users: readonly number[] }

const user = fc.nat(userCount - 1)
const course = fc.nat(courseCount - 1)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('enroll' as const), user, course }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), user, course }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('transfer' as const), user, to: user, course }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('progress' as const),
      user,
      course,
      progress: fc.constantFrom(0, 50, 100),
    }),
  },
  fc.record({ kind: fc.constantFrom('publish' as const, 'unpublish' as const), course }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('rush' as const),
      course,
      users: fc.array(user, { minLength: 2, maxLength: 8 }),
    }),
  },
  fc.record({
    kind: fc.constant('resize' as const),
    course,
    maxStudents: fc.constantFrom(null, 0, 1, 2, 3),
  }),
)

interface Seat {
  progress: number
  isCompleted: boolean
}

interface ModelCourse {
  isPublished: boolean
  maxStudents: number | null
  readonly seats: Map<number, Seat>
}

function enrollIn({ isPublished, maxStudents, seats }: ModelCourse, asking: number): string {
  if (seats.has(asking)) return 'already-enrolled'
  if (!isPublished) return 'course-not-published'
  if (maxStudents !== null && seats.size >= maxStudents) return 'course-full'
  seats.set(asking, { progress: 0, isCompleted: false })
  return 'ok'
}

/** The promises of enrollments, in memory. */
class Model {
  readonly courses = Array.from({ length: courseCount }, (): ModelCourse => ({
    isPublished: true,
    maxStudents: 2,
    seats: new Map<number, Seat>(),
  }))

  apply(given: Operation): string {
    const target = this.courses[given.course] as ModelCourse
    switch (given.kind) {
      case 'enroll':
        return enrollIn(target, given.user)
      // Asked for at once, and given in order.
      case 'rush':
        return given.users.map((asking) => enrollIn(target, asking)).join(' ')
      case 'withdraw':
        return target.seats.delete(given.user) ? 'ok' : 'not-enrolled'
      case 'transfer':
        if (given.user === given.to) return 'invalid-input'
        if (!target.seats.has(given.user)) return 'not-enrolled'
        if (target.seats.has(given.to)) return 'already-enrolled'
        target.seats.delete(given.user)
        target.seats.set(given.to, { progress: 0, isCompleted: false })
        return 'ok'
      case 'progress': {
        const seat = target.seats.get(given.user)
        if (seat === undefined) return 'not-enrolled'
        seat.progress = given.progress
        seat.isCompleted ||= given.progress === 100
        return 'ok'
      }
      case 'publish':
      case 'unpublish':
        target.isPublished = given.kind === 'publish'
        return 'ok'
      case 'resize':
        if (given.maxStudents !== null && given.maxStudents < target.seats.size)
          return 'invalid-input'
        target.maxStudents = given.maxStudents
        return 'ok'
    }
  }
}

type Process = Pick<RepositoriesFixture, 'courses' | 'enrollments' | 'stores'>

let fixture: RepositoriesFixture
let other: Awaited<ReturnType<RepositoriesFixture['openAnother']>>
beforeAll(async () => {
  fixture = await openFixture()
  other = await fixture.openAnother()
})
afterAll(async () => {
  await other.close()
  await fixture.dispose()
})

interface Ids {
  readonly users: readonly number[]
  readonly courses: readonly number[]
}

async function run({ enrollments, courses }: Process, ids: Ids, given: Operation): Promise<string> {
  const courseId = ids.courses[given.course] ?? 0
  const userId = 'user' in given ? (ids.users[given.user] ?? 0) : 0
  if (given.kind === 'rush')
    return (
      await Promise.all(
        given.users.map((index) => enrollments.enroll({ userId: ids.users[index] ?? 0, courseId })),
      )
    )
      .map(outcomeOf)
      .join(' ')
  const result = await (() => {
    switch (given.kind) {
      case 'enroll':
        return enrollments.enroll({ userId, courseId }).map(() => undefined)
      case 'withdraw':
        return enrollments.withdraw({ userId, courseId })
      case 'transfer':
        return enrollments
          .transfer({ courseId, fromUserId: userId, toUserId: ids.users[given.to] ?? 0 })
          .map(() => undefined)
      case 'progress':
        return enrollments
          .recordProgress({ userId, courseId, progress: given.progress })
          .map(() => undefined)
      case 'publish':
        return courses.publish(courseId).map(() => undefined)
      case 'unpublish':
        return courses.unpublish(courseId).map(() => undefined)
      case 'resize':
        return courses.update(courseId, { maxStudents: given.maxStudents }).map(() => undefined)
    }
  })()
  return outcomeOf(result)
}

function outcomeOf(result: Result<unknown, { readonly type: string }>): string {
  return result.isOk() ? 'ok' : result.error.type
}

/** The state of the model, in the shape of {@link readEverything}. */
function expected(model: Model, ids: Ids) {
  return {
    courses: model.courses.map(({ isPublished, maxStudents, seats }) => ({
      isPublished,
      maxStudents,
      currentEnrollment: seats.size,
    })),
    students: model.courses.map(({ seats }) =>
      [...seats.keys()].map((index) => ids.users[index]).sort((a = 0, b = 0) => a - b),
    ),
    rows: model.courses.map(({ seats }) =>
      [...seats.keys()].map((index) => ids.users[index] ?? 0).sort((a, b) => a - b),
    ),
    lists: ids.users.map((_, index) =>
      model.courses.flatMap(({ seats }, at) => {
        const seat = seats.get(index)
        return seat === undefined ? [] : [{ courseId: ids.courses[at], ...seat }]
      }),
    ),
  }
}

/** The state that the caches show, and the rows of PostgreSQL. */
async function readEverything({ courses, enrollments, stores }: Process, ids: Ids) {
  const found = orThrow(await courses.getMany(ids.courses))
  return {
    courses: ids.courses.map((id) => {
      const { isPublished, maxStudents, currentEnrollment } = found.get(id) ?? {}
      return { isPublished, maxStudents, currentEnrollment }
    }),
    students: await Promise.all(
      ids.courses.map(async (id) =>
        orThrow(await courses.students(id)).items.map((student) => student.id),
      ),
    ),
    rows: await Promise.all(
      ids.courses.map(async (id) =>
        orThrow(
          await stores.postgres.query<{ user_id: number }>(
            'SELECT user_id FROM @schema.enrollments WHERE course_id = $1 ORDER BY user_id',
            [id],
          ),
        ).rows.map((row) => row.user_id),
      ),
    ),
    lists: await Promise.all(
      ids.users.map(async (id) =>
        orThrow(await enrollments.listForUser(id))
          .items.map((item) => ({
            courseId: item.courseId,
            progress: item.progress,
            isCompleted: item.completedAt !== null,
          }))
          .sort((a, b) => a.courseId - b.courseId),
      ),
    ),
  }
}

async function newIds(): Promise<Ids> {
  const users = await Promise.all(
    Array.from({ length: userCount }, async () => (await fixture.newUser()).id),
  )
  const courses = await Promise.all(
    Array.from(
      { length: courseCount },
      async () => (await fixture.newCourse({ maxStudents: 2 })).id,
    ),
  )
  return { users: users.sort((a, b) => a - b), courses: courses.sort((a, b) => a - b) }
}

describe('enrollments', () => {
  test('Enrollments do what a model in memory does, and every cache shows it after each operation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 30 }), async (operations) => {
        const [ids, model] = [await newIds(), new Model()]
        for (const given of operations) {
          expect([given, await run(fixture, ids, given)]).toEqual([given, model.apply(given)])
          expect(await readEverything(fixture, ids)).toEqual(expected(model, ids))
        }
      }),
      { numRuns: 15 },
    )
  }, 120_000)

  test('Concurrent operations of two processes sell no seat twice, and every cache is right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 20, maxLength: 40 }),
        async (operations) => {
          const ids = await newIds()
          const outcomes = await Promise.all(
            operations.map((given, index) => run(index % 2 === 0 ? fixture : other, ids, given)),
          )
          expect(
            outcomes.filter(
              (outcome) =>
                !/^(?:(?:ok|already-enrolled|course-not-published|course-full|not-enrolled|invalid-input) ?)+$/.test(
                  outcome,
                ),
            ),
          ).toEqual([])
          const cached = await readEverything(fixture, ids)
          for (const [at, id] of ids.courses.entries()) {
            const rows = orThrow(await fixture.enrollments.listForCourse(id))
              .items.map((item) => item.userId)
              .sort((a, b) => a - b)
            const {
              rows: [row],
            } = orThrow(
              await fixture.stores.postgres.query(
                'SELECT current_enrollment AS count, max_students AS max FROM @schema.courses WHERE id = $1',
                [id],
              ),
            )
            expect(cached.students[at]).toEqual(rows)
            expect(cached.courses[at]).toMatchObject({
              currentEnrollment: rows.length,
              maxStudents: row?.max,
            })
            expect(row?.count).toBe(rows.length)
          }
          for (const [at, userId] of ids.users.entries()) {
            const { rows } = orThrow(
              await fixture.stores.postgres.query<{ course_id: number }>(
                'SELECT course_id FROM @schema.enrollments WHERE user_id = $1 ORDER BY course_id',
                [userId],
              ),
            )
            expect(cached.lists[at]?.map((item) => item.courseId)).toEqual(
              rows.map((row) => row.course_id),
            )
          }
        },
      ),
      { numRuns: 10 },
    )
  }, 120_000)
})
