import { z } from 'zod'
import { unwrap } from '../failure.ts'
import { idInPath, page, wholeNumber } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import { ownCourse } from './visible-course.ts'

const studentInPath = z.object({ id: wholeNumber, userId: wholeNumber })
const report = z.strictObject({ progress: z.number() })

/** The students of an instructor's courses. Only the instructor says how far they have come. */
export const studentOperations: readonly Operation[] = [
  operation({
    method: 'GET',
    path: '/courses/:id/students',
    access: 'instructor',
    limit: 'read',
    params: idInPath,
    query: z.strictObject(page),
    run: async ({ caller, params, query, signal }, { services }) => {
      const { id } = await ownCourse(services, { caller, signal }, params.id)
      const students = await unwrap(services.courses.students(id, { ...query, signal }))
      const items = students.items.map(({ id, username, fullName }) => ({
        id,
        username,
        fullName,
      }))
      return { status: 200, body: { ...students, items } }
    },
  }),
  operation({
    method: 'PATCH',
    path: '/courses/:id/students/:userId',
    access: 'instructor',
    limit: 'write',
    params: studentInPath,
    body: report,
    run: async ({ caller, params, body: { progress }, signal }, { services }) => {
      const { id: courseId } = await ownCourse(services, { caller, signal }, params.id)
      const report = { userId: params.userId, courseId, progress }
      const body = await unwrap(services.enrollments.recordProgress(report, { signal }))
      return { status: 200, body }
    },
  }),
]
