import { invalidField } from '@headwater/core'
import type { EnrollmentKey } from '@headwater/repositories'
import { z } from 'zod'
import { memberId } from '../caller.ts'
import { refuse, unwrap } from '../failure.ts'
import { idInPath } from '../input.ts'
import { operation, type Operation } from '../operation.ts'
import type { Services } from '../services.ts'

const offerTo = z.strictObject({ toUserId: z.number() })
const acceptance = z.strictObject({
  courseId: z.number(),
  fromUserId: z.number(),
  enrollmentId: z.number(),
  proof: z.string(),
})

/** Handing a seat on takes two: one user offers it, and only the other can accept it. */
export const seatOperations: readonly Operation[] = [
  operation({
    method: 'POST',
    path: '/courses/:id/enrollments/offers',
    access: 'member',
    limit: 'write',
    params: idInPath,
    body: offerTo,
    run: async ({ caller, params, body: { toUserId }, signal }, { services, proofs }) => {
      const fromUserId = memberId(caller)
      if (toUserId === fromUserId) refuse(invalidField('toUserId', 'must be another user'))
      const seat = await seatOf(services, { userId: fromUserId, courseId: params.id }, signal)
      const offer = { courseId: params.id, fromUserId, enrollmentId: seat.id }
      return {
        status: 201,
        body: { ...offer, proof: proofs.of(...valuesOf({ ...offer, toUserId })) },
      }
    },
  }),
  operation({
    method: 'POST',
    path: '/enrollments/accept',
    access: 'member',
    limit: 'write',
    body: acceptance,
    run: async ({ caller, body: { proof, ...offer }, signal }, { services, proofs }) => {
      const toUserId = memberId(caller)
      if (!proofs.holds(proof, ...valuesOf({ ...offer, toUserId })))
        refuse(invalidField('proof', 'is not that of an offer to you'))
      const { courseId, fromUserId } = offer
      // An offer ends with the enrollment it was made in.
      const seat = await seatOf(services, { userId: fromUserId, courseId }, signal)
      if (seat.id !== offer.enrollmentId) refuse(invalidField('proof', 'is of an earlier seat'))
      const transfer = { courseId, fromUserId, toUserId }
      const body = await unwrap(services.enrollments.transfer(transfer, { signal }))
      return { status: 200, body }
    },
  }),
]

async function seatOf({ enrollments }: Services, seat: EnrollmentKey, signal: AbortSignal) {
  return (await unwrap(enrollments.get(seat, { signal }))) ?? refuse(notEnrolled)
}

interface Offer {
  readonly courseId: number
  readonly fromUserId: number
  readonly toUserId: number
  readonly enrollmentId: number
}

function valuesOf({ courseId, fromUserId, toUserId, enrollmentId }: Offer) {
  return ['seat', courseId, fromUserId, toUserId, enrollmentId] as const
}

const notEnrolled = {
  type: 'not-enrolled',
  message: 'the user has no seat in this course',
  retryable: false,
} as const
