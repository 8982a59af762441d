import { connect, migrate, orThrow, type MigrationSet } from '@headwater/core'
import type { CourseListOptions } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { readdir, readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { courseListInput } from '../../src/courses/course-list.ts'
import { selectPopularPage } from '../../src/courses/popularity-queries.ts'
import { countOperations } from '../repositories-fixture.ts'
import { openWaitlistFixture, type WaitlistFixture } from '../waitlist/waitlist-fixture.ts'

let fixture: WaitlistFixture
beforeEach(async () => {
  fixture = await openWaitlistFixture()
})
afterEach(() => fixture.dispose())

async function query<Row extends object>(text: string, values: readonly unknown[] = []) {
  return orThrow(await fixture.stores.postgres.query<Row>(text, values)).rows
}

/** Courses whose popularity is too far from their number of students. */
const selectWrong = `
  SELECT *
  FROM @schema.courses AS c
  FULL JOIN @schema.course_popularity AS popular ON popular.course_id = c.id
  WHERE (abs(popular.students - c.current_enrollment)
         > CASE WHEN popular.students < 90 THEN 0 ELSE popular.students / 91 + 1 END) IS NOT FALSE`

/** All ids of a list by popularity, read in short pages. */
async function listed(options: CourseListOptions = {}): Promise<number[]> {
  expect(await query(selectWrong)).toEqual([])
  const ids: number[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = orThrow(
      await fixture.courses.list({ limit: 2, ...options, sort: 'popularity', cursor }),
    )
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  return ids
}

/** The order of courses, from the number of students of each. */
function ordered(students: ReadonlyMap<number, number>): number[] {
  return [...students].sort(([a, n], [b, m]) => m - n || b - a).map(([id]) => id)
}

/** Courses with so many students each. */
async function coursesWith(...counts: readonly number[]): Promise<number[]> {
  const users = await fixture.manyUsers(Math.max(...counts))
  const ids: number[] = []
  for (const count of counts) {
    const { id: courseId } = await fixture.newCourse()
    for (const userId of users.slice(0, count))
      orThrow(await fixture.enrollments.enroll({ userId, courseId }))
    ids.push(courseId)
  }
  return ids
}

/** Inserts published courses, each with one student more than the one before. */
const insertMany = `
  INSERT INTO @schema.courses (
    title, instructor_id, category, difficulty_level, price, is_published, current_enrollment
  )
  SELECT 'Course', (SELECT min(id) FROM @schema.users), $2::varchar, $2::varchar, 1, true,
         n + $3::integer
  FROM generate_series(1, $1::integer) AS n
  RETURNING id`

describe('The order by popularity', () => {
  test('follows enrollments, withdrawals, transfers, erasures and waiting lists', async () => {
    const [a = 0, b = 0, c = 0, d = 0] = await coursesWith(1, 3, 3, 0)
    const students = new Map([
      [a, 1],
      [b, 3],
      [c, 3],
      [d, 0],
    ])
    const expectOrder = async () => {
      expect(await listed()).toEqual(ordered(students))
    }
    await expectOrder()

    const crowd = await fixture.manyUsers(5)
    const [first = 0, second = 0] = crowd
    await Promise.all(
      crowd.map(async (userId) =>
        orThrow(await fixture.enrollments.enroll({ userId, courseId: d })),
      ),
    )
    students.set(d, 5)
    await expectOrder()

    orThrow(await fixture.enrollments.withdraw({ userId: first, courseId: d }))
    orThrow(await fixture.enrollments.withdraw({ userId: second, courseId: d }))
    students.set(d, 3)
    await expectOrder()

    const { id: receiver } = await fixture.newUser()
    orThrow(
      await fixture.enrollments.transfer({
        courseId: d,
        fromUserId: crowd[2] ?? 0,
        toUserId: receiver,
      }),
    )
    orThrow(await fixture.users.delete(crowd[3] ?? 0))
    students.set(d, 2)
    await expectOrder()

    const {
      courseId: full,
      students: seated,
      waiting,
    } = await fixture.fullCourse({
      seats: 2,
      waiting: 1,
    })
    students.set(full, 2)
    await expectOrder()
    orThrow(await fixture.enrollments.withdraw({ userId: seated[0] ?? 0, courseId: full }))
    students.set(full, 1)
    await expectOrder()
    orThrow(await fixture.enrollments.enroll({ userId: waiting[0] ?? 0, courseId: full }))
    students.set(full, 2)
    await expectOrder()
  })

  test('follows publication, deletion and statements of the host', async () => {
    const [a = 0, b = 0, c = 0] = await coursesWith(1, 2, 3)
    orThrow(await fixture.courses.unpublish(c))
    expect(await listed()).toEqual([b, a])
    expect(await listed({ isPublished: false })).toEqual([c])
    orThrow(await fixture.courses.publish(c))
    orThrow(await fixture.courses.delete(b))
    expect(await listed()).toEqual([c, a])

    const setStudents = (count: number) =>
      query('UPDATE @schema.courses SET current_enrollment = $2 WHERE id = $1', [a, count])
    await setStudents(4)
    expect(await listed()).toEqual([a, c])
    // Back to the number that the enrollment has noted by itself.
    await setStudents(1)
    expect(await listed()).toEqual([c, a])
    await setStudents(4)
    const [d, e] = (await query<{ id: number }>(insertMany, [2, 'own', 3])).map(({ id }) => id)
    expect(await listed()).toEqual([e, d, a, c])
    await query('UPDATE @schema.courses SET id = 1000000 WHERE id = $1', [d])
    await query('DELETE FROM @schema.courses WHERE id = $1', [e])
    expect(await listed()).toEqual([1_000_000, a, c])
    expect(orThrow(await fixture.courses.popular()).map(({ id }) => id)).toEqual(await listed())
    await query('TRUNCATE @schema.courses CASCADE')
    expect(await listed()).toEqual([])
    expect(await query('SELECT 1 FROM @schema.course_popularity')).toEqual([])
  })

  test('is unchanged by a transaction that rolls back, and by a change of anything else', async () => {
    const [a = 0, b = 0] = await coursesWith(1, 2)
    const before = await query('SELECT xmin, * FROM @schema.course_popularity ORDER BY course_id')
    orThrow(await fixture.courses.update(a, { title: 'Another', price: 3 }))
    await expect(
      query('UPDATE @schema.courses SET current_enrollment = id / (id - $1) WHERE id >= $1', [a]),
    ).rejects.toThrow()
    expect(await listed()).toEqual([b, a])
    expect(await query('SELECT xmin, * FROM @schema.course_popularity ORDER BY course_id')).toEqual(
      before,
    )
  })

  test('Control: without its trigger, an erasure leaves the popularity as it was', async () => {
    const [a = 0, b = 0, c = 0] = await coursesWith(0, 1, 1)
    const users = await fixture.manyUsers(2)
    for (const userId of users) orThrow(await fixture.enrollments.enroll({ userId, courseId: a }))
    expect(await listed({ limit: 1 })).toEqual([a, c, b])
    await query('ALTER TABLE @schema.courses DISABLE TRIGGER course_popularity_update')
    for (const userId of users) orThrow(await fixture.users.delete(userId))
    expect(await query('SELECT students FROM @schema.course_popularity')).toContainEqual({
      students: 2,
    })
  })
})

describe('The order of courses with many students', () => {
  const addStudents = 'UPDATE @schema.courses SET current_enrollment = $2 WHERE id = $1'

  /** Courses around a number of students, each changed by a few since it was written down. */
  async function driftingCourses(around: number): Promise<Map<number, number>> {
    await fixture.newUser()
    const rows = await query<{ id: number }>(insertMany, [60, 'many', around])
    const students = new Map(rows.map(({ id }, at) => [id, around + 1 + at]))
    for (const [at, [id, before]] of [...students].entries()) {
      const now = before + ((at * 7) % 13) - 6
      await query(addStudents, [id, now])
      students.set(id, now)
    }
    return students
  }

  test.each([60, 100, 400, 1_000, 4_000])(
    'is exact in pages of any length, around %i students',
    async (around) => {
      const students = await driftingCourses(around)
      for (const limit of [1, 2, 7, 50]) expect(await listed({ limit })).toEqual(ordered(students))
      expect(orThrow(await fixture.courses.popular(9)).map(({ id }) => id)).toEqual(
        ordered(students).slice(0, 9),
      )
    },
  )

  test('Control: the table alone has them in another order', async () => {
    const students = await driftingCourses(1_000)
    const rows = await query<{ id: number }>(
      'SELECT course_id AS id FROM @schema.course_popularity ORDER BY students DESC, course_id DESC',
    )
    expect(rows.map(({ id }) => id)).not.toEqual(ordered(students))
  })

  test('costs the table no write as long as it changes little', async () => {
    await fixture.newUser()
    const [row] = await query<{ id: number }>(insertMany, [1, 'one', 10_000])
    const before = await query('SELECT xmin, * FROM @schema.course_popularity')
    await query(addStudents, [row?.id, 10_010])
    expect(await query('SELECT xmin, * FROM @schema.course_popularity')).toEqual(before)
  })
})

describe('A page by popularity', () => {
  test('meets every course once, however few of the most popular pass the filter', async () => {
    await fixture.newUser()
    const rare = await query<{ id: number }>(insertMany, [7, 'rare', 0])
    const middle = await query<{ id: number }>(insertMany, [200, 'middle', 10])
    const top = await query<{ id: number }>(insertMany, [200, 'top', 300])
    const idsOf = (rows: readonly { id: number }[]) => rows.map(({ id }) => id).reverse()
    expect(await listed({ difficulty: 'rare' })).toEqual(idsOf(rare))
    expect(await listed({ difficulty: 'middle', limit: 3 })).toEqual(idsOf(middle))
    expect(await listed({ difficulty: 'none' })).toEqual([])
    expect(await listed({ category: 'rare' })).toEqual(idsOf(rare))
    expect(await listed({ limit: 7 })).toEqual(idsOf([...rare, ...middle, ...top]))
  })

  test('costs one statement, and another one only where the most popular do not fill it', async () => {
    await fixture.newUser()
    await query(insertMany, [7, 'rare', 0])
    await query(insertMany, [100, 'top', 100])
    const expectCost = async (options: CourseListOptions, cost: number) => {
      const list = () => fixture.courses.list({ limit: 2, ...options, sort: 'popularity' })
      await eventually(async () => {
        const asked = await countOperations(fixture.stores, async () => orThrow(await list()))
        expect(asked).toHaveLength(cost)
      })
    }
    await expectCost({}, 1)
    await expectCost({ difficulty: 'top' }, 1)
    await expectCost({ hasSeats: true }, 1)
    await expectCost({ hasSeats: false }, 2)
    await expectCost({ difficulty: 'rare' }, 2)
    // All courses are looked at: a second statement would find no more.
    await expectCost({ difficulty: 'rare', limit: 20 }, 1)
    // An index finds the courses.
    for (const filter of [{ instructorId: 1 }, { category: 'rare' }, { minPrice: 2 }])
      await expectCost(filter, 1)
  })

  test('is read from the index, wherever it begins', async () => {
    await fixture.newUser()
    await query(insertMany, [5_000, 'many', 0])
    await query('ANALYZE @schema.courses')
    await query('ANALYZE @schema.course_popularity')
    const { nextCursor } = orThrow(await fixture.courses.list({ sort: 'popularity' }))
    for (const options of [
      {},
      { cursor: nextCursor ?? undefined },
      { difficulty: 'many' },
      { hasSeats: true },
    ]) {
      expect(await planOf(options)).toMatch(readsIndex)
      expect(await planOf(options)).not.toMatch(readsAll)
    }
  })
})

/** The next courses come from the index, and nothing reads the whole of a table. */
const readsIndex =
  /Limit .*\n\s+->\s+Index (Only )?Scan Backward using course_popularity_students_idx/
const readsAll = /Seq Scan|Hash Join/

async function planOf(options: CourseListOptions): Promise<string> {
  const [text, values] = selectPopularPage(
    courseListInput().parse({ sort: 'popularity', ...options }),
  )
  const rows = await query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (ANALYZE, BUFFERS off, COSTS off, TIMING off) ${text}`,
    values,
  )
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

test('Courses from before the migration are taken over while they change', async () => {
  const directory = new URL('../../migrations/', import.meta.url)
  const names = (await readdir(directory)).sort()
  const setUpTo = async (last: string): Promise<MigrationSet> => ({
    name: 'repositories',
    files: Object.fromEntries(
      await Promise.all(
        names
          .filter((name) => name <= last)
          .map(async (name) => [name, await readFile(new URL(name, directory), 'utf8')] as const),
      ),
    ),
  })
  const stores = orThrow(
    await connect({
      ...fixture.options,
      postgres: { ...fixture.options.postgres, schema: 'older' },
    }),
  )
  const run = async (text: string, values: readonly unknown[] = []) =>
    orThrow(await stores.postgres.query(text, values)).rows
  try {
    orThrow(await migrate(stores, { sets: [await setUpTo('0011')] }))
    await run(`INSERT INTO @schema.users (email, username, password_hash) VALUES ('a', 'a', 'x')`)
    await run(insertMany, [4, 'older', 5])
    orThrow(await migrate(stores, { sets: [await setUpTo('0012')] }))
    await run('UPDATE @schema.courses SET current_enrollment = 9 WHERE id = 1')
    await run('DELETE FROM @schema.courses WHERE id = 4')
    expect(orThrow(await migrate(stores, { sets: [await setUpTo('0013')] })).applied).toEqual([
      'repositories/0012_course_popularity.online.sql',
    ])
    await run('UPDATE @schema.courses SET current_enrollment = 12 WHERE id = 2')
    expect(await run('SELECT * FROM @schema.course_popularity ORDER BY course_id')).toEqual([
      { course_id: 1, students: 9 },
      { course_id: 2, students: 12 },
      { course_id: 3, students: 8 },
    ])
  } finally {
    orThrow(await stores.close({ deadlineMs: 60_000 }))
  }
})
