import { notFound } from '@headwater/core'
import { z } from 'zod'
import { memberId } from '../caller.ts'
import { refuse, unwrap } from '../failure.ts'
import { amount, idInPath, page } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import { discountOf } from '../price.ts'
import type { OperationDeps } from '../operation-deps.ts'

const order = z.strictObject({
  expectedPrice: amount.optional(),
  payment: z.strictObject({ method: z.string(), coupon: z.string().optional() }).optional(),
})

/** The signed-in user's own enrollments. */
export const enrollmentOperations: readonly Operation[] = [
  operation({
    method: 'GET',
    path: '/me/enrollments',
    access: 'member',
    limit: 'read',
    query: z.strictObject(page),
    run: async ({ caller, query, signal }, { services: { enrollments } }) => ({
      status: 200,
      body: await unwrap(enrollments.listForUser(memberId(caller), { ...query, signal })),
    }),
  }),
  operation({
    method: 'POST',
    path: '/courses/:id/enrollments',
    access: 'member',
    limit: 'write',
    params: idInPath,
    body: order,
    run: async ({ caller, params, body: { expectedPrice, payment }, signal }, deps) => {
      const request = {
        userId: memberId(caller),
        courseId: params.id,
        expectedPrice,
        payment: payment && (await priced(deps, { courseId: params.id, ...payment }, signal)),
      }
      return {
        status: 201,
        body: await unwrap(deps.services.enrollments.enroll(request, { signal })),
      }
    },
  }),
  operation({
    method: 'DELETE',
    path: '/courses/:id/enrollments',
    access: 'member',
    limit: 'write',
    params: idInPath,
    run: async ({ caller, params, signal }, { services: { enrollments } }) => {
      const seat = { userId: memberId(caller), courseId: params.id }
      await unwrap(enrollments.withdraw(seat, { signal }))
      return { status: 204 }
    },
  }),
]

type Payment = NonNullable<z.output<typeof order>['payment']>

/** The payment with the discount that the shop, not the buyer, decides on. */
async function priced(
  { services: { courses }, coupons }: OperationDeps,
  { courseId, method, coupon }: { readonly courseId: number } & Payment,
  signal: AbortSignal,
) {
  if (coupon === undefined) return { method }
  const course = await unwrap(courses.get(courseId, { signal }))
  if (course === undefined) return refuse(notFound('course', courseId))
  return { method, discount: discountOf(coupons, coupon, course.price) }
}
