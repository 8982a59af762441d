import type { NewEvent } from '@headwater/core'

/** Payload of `waitlist.joined`, `waitlist.lapsed` and `waitlist.revoked`. */
export type WaitlistPayload = {
  /** The place on the waiting list. */
  readonly placeId: number
  /** The user who has, or had, the place. */
  readonly userId: number
  /** The course. */
  readonly courseId: number
}

/** Payload of `waitlist.offered`. */
export type WaitlistOfferedPayload = WaitlistPayload & {
  /** When the offer ends, as an ISO text. */
  readonly offerEndsAt: string
}

/** Payload of `waitlist.left`. */
export type WaitlistLeftPayload = WaitlistPayload & {
  /** Why the place ended. */
  readonly reason: 'left' | 'enrolled' | 'user-deleted' | 'course-deleted'
}

/** An event of a place on a waiting list. */
export type WaitlistEvent =
  | { readonly type: 'joined' | 'lapsed' | 'revoked'; readonly payload: WaitlistPayload }
  | { readonly type: 'offered'; readonly payload: WaitlistOfferedPayload }
  | { readonly type: 'left'; readonly payload: WaitlistLeftPayload }

/**
 * The outbox event of what happened to a place. Its aggregate is the course, whose row every change
 * of its waiting list locks: it is delivered in the order of the commits, together with the events
 * of the course and of its enrollments.
 */
export function waitlistEvent({ type, payload }: WaitlistEvent, courseVersion: string): NewEvent {
  return {
    aggregateType: 'course',
    aggregateId: payload.courseId,
    type: `waitlist.${type}`,
    version: Number(courseVersion),
    payload,
  }
}
