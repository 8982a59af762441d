import { z } from 'zod'
import { memberId } from '../caller.ts'
import { unwrap } from '../failure.ts'
import { idInPath, page } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import { ownCourse, visibleCourse } from './visible-course.ts'

const ofMember = { access: 'member', params: idInPath } as const

/** Waiting lists of full courses: a seat on offer is taken by enrolling. */
export const waitlistOperations: readonly Operation[] = [
  operation({
    ...ofMember,
    method: 'POST',
    path: '/courses/:id/waitlist',
    limit: 'write',
    run: async ({ caller, params, signal }, { services }) => {
      const { id: courseId } = await visibleCourse(services, { caller, signal }, params.id)
      const place = { userId: memberId(caller), courseId }
      return { status: 201, body: await unwrap(services.waitlist.join(place, { signal })) }
    },
  }),
  operation({
    ...ofMember,
    method: 'DELETE',
    path: '/courses/:id/waitlist',
    limit: 'write',
    run: async ({ caller, params, signal }, { services: { waitlist } }) => {
      const place = { userId: memberId(caller), courseId: params.id }
      await unwrap(waitlist.leave(place, { signal }))
      return { status: 204 }
    },
  }),
  operation({
    method: 'GET',
    path: '/courses/:id/waitlist',
    access: 'instructor',
    limit: 'read',
    params: idInPath,
    query: z.strictObject(page),
    run: async ({ caller, params, query, signal }, { services }) => {
      const { id } = await ownCourse(services, { caller, signal }, params.id)
      const places = services.waitlist.listForCourse(id, { ...query, signal })
      return { status: 200, body: await unwrap(places) }
    },
  }),
  operation({
    method: 'GET',
    path: '/me/waitlist',
    access: 'member',
    limit: 'read',
    query: z.strictObject(page),
    run: async ({ caller, query, signal }, { services: { waitlist } }) => ({
      status: 200,
      body: await unwrap(waitlist.listForUser(memberId(caller), { ...query, signal })),
    }),
  }),
]
