import { orThrow } from '@headwater/core'
import { expect } from 'vitest'
import { openFixture, publishedEvents } from '../repositories-fixture.ts'
import type { FixtureOptions, RepositoriesFixture } from '../repositories-fixture.ts'

const hourMs = 3_600_000

/** A full course, those who have its seats, and those who wait for one, in their order. */
export interface FullCourse {
  readonly courseId: number
  readonly students: readonly number[]
  readonly waiting: readonly number[]
}

export interface WaitlistFixture extends RepositoriesFixture {
  /** Fills a course and its waiting list. */
  fullCourse(size: { seats: number; waiting: number }): Promise<FullCourse>
  /** The waiting list: each user, and whether a seat is on offer. */
  listOf(courseId: number): Promise<[userId: number, state: 'offered' | 'waiting'][]>
  /** Types and users of the events of a course's waiting list, in order. */
  eventsOf(courseId: number): Promise<string[]>
  /** Moves the offers of a course in time, as a step of the server's clock does. */
  moveOffers(courseId: number, byMs: number): Promise<void>
  /** Asserts that the counts of a course equal its rows, and that no seat is sold or held twice. */
  expectRightCounts(courseId: number): Promise<void>
}

/** Repositories whose own watch for offers never looks. */
export async function openWaitlistFixture(options: FixtureOptions = {}): Promise<WaitlistFixture> {
  const fixture = await openFixture({
    ...options,
    repositories: { waitlist: { lookEveryMs: 24 * hourMs, maxLength: 4 }, ...options.repositories },
  })
  const { enrollments, waitlist, stores } = fixture
  return {
    ...fixture,
    fullCourse: async ({ seats, waiting }) => {
      const { id: courseId } = await fixture.newCourse({ maxStudents: seats })
      const users = await fixture.manyUsers(seats + waiting)
      const students = users.slice(0, seats)
      for (const userId of students) orThrow(await enrollments.enroll({ userId, courseId }))
      for (const userId of users.slice(seats)) orThrow(await waitlist.join({ userId, courseId }))
      return { courseId, students, waiting: users.slice(seats) }
    },
    listOf: async (courseId) =>
      orThrow(await waitlist.listForCourse(courseId)).items.map(({ userId, offerEndsAt }) => [
        userId,
        offerEndsAt === null ? 'waiting' : 'offered',
      ]),
    eventsOf: async (courseId) =>
      (await publishedEvents(stores))
        .filter(
          ({ type, aggregateId }) =>
            type.startsWith('waitlist.') && aggregateId === String(courseId),
        )
        .map(({ type, payload }) => `${type} ${(payload as { userId: number }).userId}`),
    moveOffers: async (courseId, byMs) => {
      orThrow(
        await stores.postgres.query(
          `UPDATE @schema.waitlist
           SET offered_at = offered_at + $2::float8 * interval '1 ms',
               offer_ends_at = offer_ends_at + $2::float8 * interval '1 ms'
           WHERE course_id = $1 AND offered_at IS NOT NULL`,
          [courseId, byMs],
        ),
      )
    },
    expectRightCounts: async (courseId) => {
      expect(await countsOf(fixture, courseId)).toMatchObject({ isRight: true, isOversold: false })
    },
  }
}

async function countsOf({ stores }: RepositoriesFixture, courseId: number) {
  const { rows } = orThrow(
    await stores.postgres.query(
      `SELECT (current_enrollment, waitlist_length, seats_offered) = (
                (SELECT count(*) FROM @schema.enrollments WHERE course_id = c.id),
                (SELECT count(*) FROM @schema.waitlist WHERE course_id = c.id),
                (SELECT count(offered_at) FROM @schema.waitlist WHERE course_id = c.id)
              ) AS "isRight",
              coalesce(current_enrollment + seats_offered > max_students, false) AS "isOversold",
              current_enrollment, waitlist_length, seats_offered, max_students
       FROM @schema.courses AS c
       WHERE id = $1`,
      [courseId],
    ),
  )
  return rows[0]
}
