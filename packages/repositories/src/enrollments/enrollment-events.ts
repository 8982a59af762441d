import { once, rowId } from '@headwater/core'
import type { NewEvent } from '@headwater/core'
import * as z from 'zod/mini'
import { subjectId } from '../input.ts'
import type { Enrollment } from './enrollment.ts'

/** Payload of `enrollment.completed`. */
export type EnrollmentPayload = {
  /** The enrollment. */
  readonly enrollmentId: number
  /** The user who has, or had, the seat. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
}

/** A refund; the amount is a decimal string. */
export type Refund = {
  /** The amount refunded. */
  readonly amount: string
  /** The method of the payment; `null` when the caller named none. */
  readonly method: string | null
  /** Currency of the amount; `null` when the caller named none. */
  readonly currency: string | null
  /** The host's id of the order; `null` when the caller named none. */
  readonly orderId: string | null
}

/** Payload of `enrollment.withdrawn`. */
export type EnrollmentWithdrawnPayload = EnrollmentPayload & {
  /** The refund; `null` when nothing was refunded. */
  readonly refund: Refund | null
}

/** Payload of `enrollment.created`. */
export type EnrollmentCreatedPayload = EnrollmentPayload & {
  /** The payment. Amounts are decimal strings; `pricePaid` is the price less `discount`. */
  readonly payment: {
    /** The method; `null` when the caller named none. */
    readonly method: string | null
    /** The price less the discount. */
    readonly pricePaid: string
    /** The amount taken off the price. */
    readonly discount: string
    /** Currency of the amounts; `null` when the caller named none. */
    readonly currency: string | null
    /** The host's id of the order; `null` when the caller named none. */
    readonly orderId: string | null
  }
}

/** Payload of `enrollment.transferred`. */
export type EnrollmentTransferredPayload = {
  /** The enrollment. */
  readonly enrollmentId: number
  /** The course. */
  readonly courseId: number
  /** The user who gave the seat. */
  readonly fromUserId: number
  /** The user who has it now. */
  readonly toUserId: number
}

const decimal = once(() => z.string().check(z.regex(/^\d{1,8}\.\d\d$/)))
const seat = once(() => z.object({ enrollmentId: rowId(), userId: subjectId(), courseId: rowId() }))

/** Reads an {@link EnrollmentPayload}. */
export const enrollmentPayload = once((): z.ZodMiniType<EnrollmentPayload> => seat())

// Events that are older than these fields do not have them.
const known = once(() => z._default(z.nullable(z.string()), null))

/** Reads an {@link EnrollmentWithdrawnPayload}. */
export const enrollmentWithdrawnPayload = once((): z.ZodMiniType<EnrollmentWithdrawnPayload> =>
  z.extend(seat(), {
    refund: z._default(
      z.nullable(
        z.object({ amount: decimal(), method: known(), currency: known(), orderId: known() }),
      ),
      null,
    ),
  }),
)

/** Reads an {@link EnrollmentCreatedPayload}. */
export const enrollmentCreatedPayload = once((): z.ZodMiniType<EnrollmentCreatedPayload> =>
  z.extend(seat(), {
    payment: z.object({
      method: z.nullable(z.string()),
      pricePaid: decimal(),
      discount: decimal(),
      currency: known(),
      orderId: known(),
    }),
  }),
)

/** Reads an {@link EnrollmentTransferredPayload}. */
export const enrollmentTransferredPayload = once((): z.ZodMiniType<EnrollmentTransferredPayload> =>
  z.object({
    enrollmentId: rowId(),
    courseId: rowId(),
    fromUserId: subjectId(),
    toUserId: subjectId(),
  }),
)

/** The payment of a seat. */
export type PaymentRecord = EnrollmentCreatedPayload['payment']

type EventPayload =
  | EnrollmentCreatedPayload
  | EnrollmentWithdrawnPayload
  | EnrollmentPayload
  | EnrollmentTransferredPayload

/**
 * An event of an enrollment. Its aggregate is the course, whose row every enrollment, withdrawal
 * and transfer locks. They are therefore delivered in the order of their commits, together with the
 * events of the course. `version` is the course's, which enrollments do not change.
 */
function enrollmentEvent(type: string, courseVersion: string, payload: EventPayload): NewEvent {
  return {
    aggregateType: 'course',
    aggregateId: payload.courseId,
    type,
    version: Number(courseVersion),
    payload,
  }
}

/** A user took a seat. */
export function enrollmentCreated(
  enrollment: Enrollment,
  courseVersion: string,
  payment: PaymentRecord,
): NewEvent {
  return enrollmentEvent('enrollment.created', courseVersion, { ...payloadOf(enrollment), payment })
}

/** A user released a seat. */
export function enrollmentWithdrawn(
  enrollment: Enrollment,
  courseVersion: string,
  refund: Refund | null,
): NewEvent {
  return enrollmentEvent('enrollment.withdrawn', courseVersion, {
    ...payloadOf(enrollment),
    refund,
  })
}

/** A student's progress reached 100 for the first time. */
export function enrollmentCompleted(enrollment: Enrollment, courseVersion: string): NewEvent {
  return enrollmentEvent('enrollment.completed', courseVersion, payloadOf(enrollment))
}

/** A user transferred a seat to another user. */
export function enrollmentTransferred(
  enrollment: Enrollment,
  courseVersion: string,
  fromUserId: number,
): NewEvent {
  const payload: EnrollmentTransferredPayload = {
    enrollmentId: enrollment.id,
    courseId: enrollment.courseId,
    fromUserId,
    toUserId: enrollment.userId,
  }
  return enrollmentEvent('enrollment.transferred', courseVersion, payload)
}

function payloadOf({ id, userId, courseId }: Enrollment): EnrollmentPayload {
  return { enrollmentId: id, userId, courseId }
}
