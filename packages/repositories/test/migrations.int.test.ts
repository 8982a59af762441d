import { orThrow } from '@headwater/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, openFixture, passwordHash, publishedEvents } from './repositories-fixture.ts'
import type { RepositoriesFixture } from './repositories-fixture.ts'

let fixture: RepositoriesFixture
beforeAll(async () => {
  fixture = await openFixture({
    connect: (options) => ({ ...options, postgres: { ...options.postgres, schema: 'E-learning' } }),
  })
})
afterAll(() => fixture.dispose())

const names = async (text: string) =>
  orThrow(await fixture.stores.postgres.query<{ name: string }>(text))
    .rows.map((row) => row.name)
    .sort()

describe('the schema', () => {
  test('The schema has the constraints by which the repositories tell failures apart', async () => {
    expect(
      await names(`
        SELECT conname AS name
        FROM pg_constraint
        WHERE connamespace = '"E-learning"'::regnamespace
          AND contype IN ('c', 'f', 'u')
          AND conrelid::regclass::text ~ '"E-learning".(users|courses|enrollments|waitlist)$'`),
    ).toEqual([
      'courses_capacity_check',
      'courses_current_enrollment_check',
      'courses_instructor_id_fkey',
      'courses_max_students_check',
      'courses_price_check',
      'courses_seats_offered_check',
      'courses_waitlist_length_check',
      'enrollments_course_id_fkey',
      'enrollments_progress_percentage_check',
      'enrollments_user_id_course_id_key',
      'enrollments_user_id_fkey',
      'users_sealed_check',
      'waitlist_course_id_fkey',
      'waitlist_offer_check',
      'waitlist_user_id_course_id_key',
      'waitlist_user_id_fkey',
    ])
  })

  test('The schema has the indexes of the reference, one over the words of a course, and those of lists', async () => {
    expect(
      await names(
        `SELECT indexname AS name
        FROM pg_indexes
        WHERE schemaname = 'E-learning' AND tablename IN ('users', 'courses', 'enrollments')`,
      ),
    ).toEqual([
      'courses_category_idx',
      'courses_instructor_id_idx',
      'courses_is_published_idx',
      'courses_pkey',
      'courses_published_category_idx',
      'courses_published_instructor_idx',
      'courses_published_language_idx',
      'courses_published_price_idx',
      'courses_published_title_idx',
      'courses_search_vector_idx',
      'courses_waitlist_idx',
      'enrollments_completed_at_idx',
      'enrollments_course_id_idx',
      'enrollments_course_id_user_id_idx',
      'enrollments_pkey',
      'enrollments_user_id_course_id_key',
      'enrollments_user_id_idx',
      'users_email_key',
      'users_pkey',
      'users_role_idx',
      'users_username_key',
    ])
  })

  test('A course whose title has the word ranks before one whose description has it', async () => {
    const { id: instructorId } = orThrow(
      await fixture.users.create({ email: 'words@example.com', username: 'words', passwordHash }),
    )
    orThrow(
      await fixture.courses.create({
        title: 'Cooking',
        description: 'Uses the geometry of knives.',
        instructorId,
        price: 1,
      }),
    )
    orThrow(
      await fixture.courses.create({
        title: 'Geometry',
        description: 'Lines.',
        instructorId,
        price: 1,
      }),
    )
    const { rows } = orThrow(
      await fixture.stores.postgres.query<{ title: string }>(
        `
      SELECT title FROM @schema.courses, websearch_to_tsquery('english', $1) AS query
      WHERE search_vector @@ query ORDER BY ts_rank(search_vector, query) DESC`,
        ['geometries'],
      ),
    )
    expect(rows.map((row) => row.title)).toEqual(['Geometry', 'Cooking'])
  })

  test('Every operation works in a schema of any name', async () => {
    const [course, giver, receiver] = [
      await fixture.newCourse({ maxStudents: 1 }),
      await fixture.newUser(),
      await fixture.newUser(),
    ]
    const key = { userId: giver.id, courseId: course.id }
    orThrow(await fixture.users.update(giver.id, { role: 'x' }))
    orThrow(await fixture.users.findByEmail(giver.email))
    orThrow(await fixture.enrollments.enroll(key))
    expect(failureOf(await fixture.enrollments.enroll({ ...key, userId: receiver.id })).type).toBe(
      'course-full',
    )
    const place = { ...key, userId: receiver.id }
    orThrow(await fixture.waitlist.join(place))
    orThrow(await fixture.waitlist.get(place))
    orThrow(await fixture.waitlist.listForCourse(course.id))
    orThrow(await fixture.waitlist.listForUser(receiver.id))
    orThrow(await fixture.waitlist.leave(place))
    orThrow(await fixture.waitlist.join(place))
    orThrow(await fixture.enrollments.recordProgress({ ...key, progress: 5 }))
    orThrow(
      await fixture.enrollments.transfer({
        courseId: course.id,
        fromUserId: giver.id,
        toUserId: receiver.id,
      }),
    )
    orThrow(await fixture.courses.students(course.id))
    orThrow(await fixture.enrollments.listForUser(receiver.id))
    orThrow(await fixture.enrollments.listForCourse(course.id))
    orThrow(await fixture.enrollments.withdraw({ userId: receiver.id, courseId: course.id }))
    orThrow(await fixture.courses.list())
    orThrow(await fixture.courses.popular())
    orThrow(await fixture.courses.unpublish(course.id))
    orThrow(await fixture.courses.delete(course.id))
    orThrow(await fixture.activity.recordDurably({ type: 'schema.tested' }))
    await fixture.deliver()
    expect((await publishedEvents(fixture.stores)).length).toBeGreaterThan(5)
  })
})
