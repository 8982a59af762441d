import type { Course } from '@headwater/repositories'
import { z } from 'zod'
import { callerId, memberId } from '../caller.ts'
import { unwrap } from '../failure.ts'
import { amount, idInPath, oneOrMore, page, wholeNumber } from '../input.ts'
import { type Answer, operation, type Operation } from '../operation.ts'
import { originOf } from '../request-origin.ts'
import { ownCourse, visibleCourse } from './visible-course.ts'

const newCourse = z.strictObject({
  title: z.string(),
  description: z.string().nullish(),
  category: z.string().nullish(),
  difficulty: z.string().nullish(),
  language: z.string().optional(),
  maxStudents: z.number().nullish(),
  price: amount,
})

const courseChanges = newCourse.partial().extend({
  title: z.string().exactOptional(),
  price: amount.exactOptional(),
  expectedVersion: z.number().optional(),
})

const listQuery = z.strictObject({
  category: z.string().optional(),
  language: oneOrMore.optional(),
  ...page,
})
const popularQuery = z.strictObject({ limit: wholeNumber.optional() })
const ofInstructor = { access: 'instructor', params: idInPath } as const

/** The catalogue. */
export const catalogueOperations: readonly Operation[] = [
  operation({
    method: 'GET',
    path: '/courses',
    access: 'anyone',
    limit: 'read',
    query: listQuery,
    run: async ({ query, signal }, { services: { courses } }) => ({
      status: 200,
      body: await unwrap(courses.list({ ...query, signal })),
    }),
  }),
  operation({
    method: 'GET',
    path: '/courses/popular',
    access: 'anyone',
    limit: 'read',
    query: popularQuery,
    run: async ({ query: { limit }, signal }, { services: { courses } }) => ({
      status: 200,
      body: { items: await unwrap(courses.popular(limit, { signal })) },
    }),
  }),
  operation({
    method: 'GET',
    path: '/courses/:id',
    access: 'anyone',
    limit: 'read',
    params: idInPath,
    run: async ({ params, ...request }, { services }) => {
      const course = await visibleCourse(services, request, params.id)
      const data = { courseId: course.id }
      const metadata = originOf(request)
      // A view that cannot be recorded is no reason to refuse the course.
      services.activity
        .record({ userId: callerId(request.caller), type: 'course.viewed', data, metadata })
        .unwrapOr(undefined)
      return { status: 200, body: course }
    },
  }),
]

/** An instructor's own courses. */
export const courseOperations: readonly Operation[] = [
  operation({
    method: 'POST',
    path: '/courses',
    access: 'instructor',
    limit: 'write',
    body: newCourse,
    run: async ({ caller, body, signal }, { services: { courses } }) => {
      const draft = { ...body, instructorId: memberId(caller) }
      const course = await unwrap(courses.create(draft, { signal }))
      return { status: 201, headers: { Location: `/courses/${course.id}` }, body: course }
    },
  }),
  operation({
    ...ofInstructor,
    method: 'PATCH',
    path: '/courses/:id',
    limit: 'write',
    body: courseChanges,
    run: async ({ caller, params, body, signal }, { services }) => {
      const { id } = await ownCourse(services, { caller, signal }, params.id)
      return answer(await unwrap(services.courses.update(id, body, { signal })))
    },
  }),
  operation({
    ...ofInstructor,
    method: 'POST',
    path: '/courses/:id/publish',
    limit: 'write',
    run: async ({ caller, params, signal }, { services }) => {
      const { id } = await ownCourse(services, { caller, signal }, params.id)
      return answer(await unwrap(services.courses.publish(id, { signal })))
    },
  }),
  operation({
    ...ofInstructor,
    method: 'POST',
    path: '/courses/:id/unpublish',
    limit: 'write',
    run: async ({ caller, params, signal }, { services }) => {
      const { id } = await ownCourse(services, { caller, signal }, params.id)
      return answer(await unwrap(services.courses.unpublish(id, { signal })))
    },
  }),
  operation({
    ...ofInstructor,
    method: 'DELETE',
    path: '/courses/:id',
    limit: 'write',
    run: async ({ caller, params, signal }, { services }) => {
      const { id } = await ownCourse(services, { caller, signal }, params.id)
      await unwrap(services.courses.delete(id, { signal }))
      return { status: 204 }
    },
  }),
]

function answer(body: Course): Answer {
  return { status: 200, body }
}
