import { orThrow } from '@headwater/core'
import type { EnrollmentModel } from './enrollment-model.ts'
import type { Ids, Process } from './operations.ts'

/** The state of the model, in the shape of {@link readState}. */
export function stateOf({ courses }: EnrollmentModel, { users, courses: courseIds }: Ids) {
  const idOf = (user: number) => users[user] ?? 0
  const students = courses.map(({ seats }) => [...seats.keys()].map(idOf).sort((a, b) => a - b))
  return {
    courses: courses.map(({ isPublished, maxStudents, seats, offers }) => ({
      isPublished,
      maxStudents,
      currentEnrollment: seats.size,
      seatsOffered: offers,
    })),
    students,
    rows: courses.map(({ seats, places, revenue }, at) => ({
      students: students[at],
      counts: [seats.size, places.length, places.filter((place) => place.isOffered).length],
      revenue,
    })),
    places: courses.map(({ places }) =>
      places.map(({ user, isOffered }) => [idOf(user), isOffered ? 'offered' : 'waiting']),
    ),
    lists: users.map((_, index) =>
      courses.flatMap(({ seats }, at) => {
        const { progress, isCompleted } = seats.get(index) ?? {}
        return progress === undefined ? [] : [{ courseId: courseIds[at], progress, isCompleted }]
      }),
    ),
  }
}

/** The state that the repositories show, caches included, and the rows of PostgreSQL. */
export async function readState({ courses, enrollments, waitlist, stores }: Process, ids: Ids) {
  const found = orThrow(await courses.getMany(ids.courses))
  return {
    courses: ids.courses.map((id) => {
      const { isPublished, maxStudents, currentEnrollment, seatsOffered } = found.get(id) ?? {}
      return { isPublished, maxStudents, currentEnrollment, seatsOffered }
    }),
    students: await Promise.all(
      ids.courses.map(async (id) =>
        orThrow(await courses.students(id)).items.map((student) => student.id),
      ),
    ),
    rows: await Promise.all(ids.courses.map((id) => rowsOf(stores, id))),
    places: await Promise.all(
      ids.courses.map(async (id) =>
        orThrow(await waitlist.listForCourse(id)).items.map(({ userId, offerEndsAt }) => [
          userId,
          offerEndsAt === null ? 'waiting' : 'offered',
        ]),
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

interface CourseRows {
  readonly students: readonly number[]
  /** Students, places and offers, as counted in the course's row. */
  readonly counts: readonly number[]
  /** Payments less refunds, in minor units. */
  readonly revenue: number
}

async function rowsOf(
  stores: Process['stores'],
  courseId: number,
): Promise<CourseRows | undefined> {
  const { rows } = orThrow(
    await stores.postgres.query<CourseRows>(
      `SELECT ARRAY(
                SELECT user_id FROM @schema.enrollments WHERE course_id = c.id ORDER BY user_id
              ) AS students,
              ARRAY[current_enrollment, waitlist_length, seats_offered] AS counts,
              (
                SELECT coalesce(sum(amount) * 100, 0)::integer
                FROM @schema.enrollment_payment WHERE course_id = c.id
              ) AS revenue
       FROM @schema.courses AS c
       WHERE id = $1`,
      [courseId],
    ),
  )
  return rows[0]
}
