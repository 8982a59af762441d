import { orThrow } from '@headwater/core'
import { minorUnits, subtractMoney } from '@headwater/repositories'
import type { Course, User } from '@headwater/repositories'
import { eventually } from '@headwater/testing'
import { check, type Flow } from '../flow.ts'
import { patience, type Stage } from './stage.ts'

const discount = '10.00'

/** Enrolls Ada, refuses her a second seat, and refuses a student when a course is full. */
export async function enrollFlow(
  flow: Flow,
  stage: Stage & { readonly ada: User },
): Promise<object> {
  const {
    services: { courses, enrollments },
    inspection,
    ada,
  } = stage
  const course = paidCourse(stage.courses)
  const request = {
    userId: ada.id,
    courseId: course.id,
    payment: { method: 'credit_card', discount },
  }
  // Both are cached before the enrollment, so that they could be stale after it.
  orThrow(await enrollments.listForUser(ada.id))
  orThrow(await courses.get(course.id))

  await flow.step(
    { store: 'PostgreSQL', does: `enrolls Ada in "${course.title}"` },
    async ({ note, timed }) => {
      const { id } = orThrow(await timed(() => enrollments.enroll(request)))
      check(
        (await enrolledIn(stage, course.id)) === course.currentEnrollment + 1,
        'the seat was not counted',
      )
      note(`row ${id} of enrollments, one seat counted`)
    },
  )

  await flow.step({ store: 'Redis', does: 'serves nothing old' }, async ({ note, timed }) => {
    const list = orThrow(await timed(() => enrollments.listForUser(ada.id)))
    const [item] = list.items
    check(
      item?.courseId === course.id &&
        item.course.currentEnrollment === course.currentEnrollment + 1,
      'an old list was served',
    )
    note("Ada's list and the course's count are new in the very next read")
  })

  await flow.step({ store: 'MongoDB', does: 'has enrollment.created' }, async ({ note }) => {
    const [event] = await eventually(async () => {
      const found = await inspection.documents('enrollment_events', {
        user_id: ada.id,
        course_id: course.id,
      })
      return found.length > 0 && found
    }, patience)
    const data = event?.['event_data'] as
      { readonly price_paid?: number; readonly payment_method?: string } | undefined
    const paid = subtractMoney(course.price, discount) ?? ''
    check(
      data?.price_paid === minorUnits(paid) && data.payment_method === 'credit_card',
      'the payment differs',
    )
    note(`${course.price} − ${discount} = ${paid} paid by credit card`)
  })

  await flow.step(
    { store: 'PostgreSQL', does: 'refuses the same enrollment' },
    async ({ note, timed }) => {
      const refused = await timed(() => enrollments.enroll(request))
      check(refused.isErr() && refused.error.type === 'already-enrolled', 'it was accepted')
      check(
        (await enrolledIn(stage, course.id)) === course.currentEnrollment + 1,
        'the seat was counted twice',
      )
      note(`${refused.error.type}, nothing counted`)
    },
  )
  await fillCourse(flow, stage)
  return request
}

/** Two students ask for one seat. */
async function fillCourse(flow: Flow, stage: Stage & { readonly ada: User }): Promise<void> {
  const {
    services: { enrollments },
    nearlyFull: [course],
    ada,
  } = stage
  check(
    course !== undefined && course.maxStudents !== null,
    'no course of the catalogue is nearly full',
  )
  const { id, maxStudents } = course
  const late = await strangerTo(stage, id)

  await flow.step(
    { store: 'PostgreSQL', does: `gives Ada the last seat in "${course.title}"` },
    async ({ note, timed }) => {
      orThrow(await timed(() => enrollments.enroll({ userId: ada.id, courseId: id })))
      check((await enrolledIn(stage, id)) === maxStudents, 'the course is not full')
      note(`${maxStudents} of ${maxStudents}`)
    },
  )

  await flow.step(
    { store: 'PostgreSQL', does: 'refuses the next student' },
    async ({ note, timed }) => {
      const refused = await timed(() => enrollments.enroll({ userId: late.id, courseId: id }))
      check(
        refused.isErr() && refused.error.type === 'course-full',
        'the course has more students than seats',
      )
      check((await enrolledIn(stage, id)) === maxStudents, 'the count is wrong')
      note(`${refused.error.type}, still ${maxStudents} of ${maxStudents}`)
    },
  )
}

function paidCourse(courses: readonly Course[]): Course {
  const course = courses.find(
    ({ maxStudents, price }) => maxStudents === null && minorUnits(price) > minorUnits(discount),
  )
  check(
    course !== undefined,
    'the catalogue has no unlimited course that costs more than the discount',
  )
  return course
}

/** A student of the catalogue who is not enrolled in the course. */
async function strangerTo(
  { students, services: { enrollments } }: Stage,
  courseId: number,
): Promise<User> {
  for (const student of students) {
    if (!orThrow(await enrollments.isEnrolled({ userId: student.id, courseId }))) return student
  }
  throw new Error('every student is enrolled in the course')
}

/** The taken seats, by the count and by the rows, which must agree. */
async function enrolledIn({ inspection }: Stage, courseId: number): Promise<number> {
  const counted = await inspection.row<{ counted: number; rows: number }>(
    `SELECT
       current_enrollment AS counted,
       (SELECT count(*)::int FROM enrollments WHERE course_id = $1) AS rows
     FROM courses
     WHERE id = $1`,
    [courseId],
  )
  check(counted !== undefined && counted.counted === counted.rows, 'the count and the rows differ')
  return counted.counted
}
