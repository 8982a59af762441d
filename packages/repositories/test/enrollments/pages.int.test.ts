import { orThrow } from '@headwater/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  selectEnrollmentPage,
  selectStudentPage,
} from '../../src/enrollments/enrollment-queries.ts'
import { openFixture } from '../repositories-fixture.ts'
import type { RepositoriesFixture } from '../repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.dispose())

/** A course with many students, inserted as rows. */
async function crowdedCourse(students: number): Promise<number> {
  const [{ id }, userIds] = [await fixture.newCourse(), await fixture.manyUsers(students)]
  orThrow(
    await fixture.stores.postgres.query(
      `INSERT INTO @schema.enrollments (user_id, course_id)
       SELECT user_id, $1 FROM unnest($2::integer[]) AS user_id`,
      [id, userIds],
    ),
  )
  return id
}

test('A page of students and one of enrollments read a page of an index, however many there are', async () => {
  const courseId = await crowdedCourse(20_000)
  orThrow(await fixture.stores.postgres.query('ANALYZE @schema.enrollments'))
  for (const [statement, values] of [
    [selectStudentPage, [courseId, 0, 21]],
    [selectEnrollmentPage, [courseId, null, null, 21]],
  ] as const) {
    const { rows } = orThrow(
      await fixture.stores.postgres.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, BUFFERS, TIMING off) ${statement}`,
        values,
      ),
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toMatch(/Index (?:Only )?Scan/)
    expect(plan).not.toMatch(/Sort|Seq Scan/)
  }
})

test('Walks through students and enrollments meet each once', async () => {
  const courseId = await crowdedCourse(45)
  for (const read of [
    async (cursor?: string) => {
      const page = orThrow(await fixture.courses.students(courseId, { limit: 20, cursor }))
      return { ...page, ids: page.items.map(({ id }) => id) }
    },
    async (cursor?: string) => {
      const page = orThrow(await fixture.enrollments.listForCourse(courseId, { limit: 20, cursor }))
      return { ...page, ids: page.items.map(({ userId }) => userId) }
    },
  ]) {
    const ids: number[] = []
    for (let cursor: string | undefined; ;) {
      const page = await read(cursor)
      ids.push(...page.ids)
      if (page.nextCursor === null) break
      cursor = page.nextCursor
    }
    expect(ids).toHaveLength(45)
    expect(new Set(ids).size).toBe(45)
  }
})

test('A seat that was just transferred comes first in the lists of its new owner and of the course', async () => {
  const [first, second] = [await fixture.newCourse(), await fixture.newCourse()]
  const [giver, receiver, other] = [
    await fixture.newUser(),
    await fixture.newUser(),
    await fixture.newUser(),
  ]
  orThrow(await fixture.enrollments.enroll({ userId: giver.id, courseId: first.id }))
  for (const [userId, courseId] of [
    [receiver.id, second.id],
    [other.id, first.id],
  ] as const) {
    await sleep(5)
    orThrow(await fixture.enrollments.enroll({ userId, courseId }))
  }
  await sleep(5)
  orThrow(
    await fixture.enrollments.transfer({
      courseId: first.id,
      fromUserId: giver.id,
      toUserId: receiver.id,
    }),
  )
  const list = orThrow(await fixture.enrollments.listForUser(receiver.id))
  expect(list.items.map(({ courseId }) => courseId)).toEqual([first.id, second.id])
  const ofCourse = orThrow(await fixture.enrollments.listForCourse(first.id))
  expect(ofCourse.items.map(({ userId }) => userId)).toEqual([receiver.id, other.id])
})

test('enrollments.get returns the enrollment of a user in a course, and undefined without a seat', async () => {
  const [course, user] = [await fixture.newCourse(), await fixture.newUser()]
  const key = { userId: user.id, courseId: course.id }
  expect(orThrow(await fixture.enrollments.get(key))).toBeUndefined()
  const enrollment = orThrow(await fixture.enrollments.enroll(key))
  expect(orThrow(await fixture.enrollments.get(key))).toStrictEqual(enrollment)
})
