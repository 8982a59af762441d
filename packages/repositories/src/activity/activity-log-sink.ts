import { defineSink, minorUnits } from '@headwater/core'
import type { OutboxEvent, Sink, SinkReport } from '@headwater/core'
import { sinkOutage } from '../sink-outage.ts'
import {
  enrollmentCreatedPayload,
  enrollmentPayload,
  enrollmentTransferredPayload,
  enrollmentWithdrawnPayload,
} from '../enrollments/enrollment-events.ts'
import type { EnrollmentKey } from '../enrollments/enrollment.ts'
import { userRegisteredPayload } from '../users/user-events.ts'
import { activityRecordedPayload } from './activity-events.ts'
import { toUserActivity } from './collections.ts'
import type { EnrollmentEventDocument, UserActivityDocument } from './collections.ts'
import type { EventDocuments, EventLog } from './event-log.ts'

type Failed = SinkReport['failed'][number]

/**
 * Writes registrations and durable activity to `user_activity`, and every enrollment event to
 * `enrollment_events`: one document per event, with the event's id as `_id`, however often the
 * event arrives. Amounts are integer minor units.
 */
export function activityLogSink(log: EventLog): Sink {
  return defineSink({
    name: 'activity-log',
    types: ['user.registered', 'enrollment.*', 'activity.recorded'],
    mode: 'log',
    handle: (events, { signal }) => {
      const { documents, failed } = toDocuments(events)
      // A write that fails as a whole is no event's fault: a wrong password makes no dead letters.
      return log
        .insert(documents, signal)
        .map((rejected): SinkReport => ({
          failed: [
            ...failed,
            ...rejected.map(({ id, code }) =>
              refused(id, `MongoDB refused the document with code ${code}`),
            ),
          ],
        }))
        .mapErr((cause) => sinkOutage('the event log was not written', cause))
    },
  })
}

function toDocuments(events: readonly OutboxEvent[]): {
  documents: EventDocuments
  failed: Failed[]
} {
  const activities: UserActivityDocument[] = []
  const enrollments: EnrollmentEventDocument[] = []
  const failed: Failed[] = []
  for (const event of events) {
    const document = toDocument(event)
    if (document === undefined)
      failed.push(refused(event.id, `the payload of ${event.type} breaks its schema`))
    else if ('course_id' in document) enrollments.push(document)
    else activities.push(document)
  }
  return { documents: { activities, enrollments }, failed }
}

function refused(id: string, message: string): Failed {
  return { id, failure: { type: 'sink-failed', message, retryable: false } }
}

function toDocument(
  event: OutboxEvent,
): UserActivityDocument | EnrollmentEventDocument | undefined {
  switch (event.type) {
    case 'user.registered':
      return registration(event)
    case 'activity.recorded':
      return activity(event)
    case 'enrollment.created':
      return enrollment(event)
    case 'enrollment.transferred':
      return transfer(event)
    case 'enrollment.withdrawn':
      return withdrawal(event)
    default:
      return ended(event)
  }
}

function registration(event: OutboxEvent): UserActivityDocument | undefined {
  const { data: payload } = userRegisteredPayload.safeParse(event.payload)
  if (payload === undefined) return undefined
  const { userId, role } = payload
  return toUserActivity({
    kind: 'activity',
    id: event.id,
    at: event.createdAt.getTime(),
    userId,
    type: event.type,
    data: { role },
    metadata: {},
  })
}

function activity(event: OutboxEvent): UserActivityDocument | undefined {
  const { data: payload } = activityRecordedPayload.safeParse(event.payload)
  return (
    payload &&
    toUserActivity({
      kind: 'activity',
      id: event.id,
      at: Date.parse(payload.timestamp),
      userId: payload.userId,
      type: payload.type,
      data: payload.data,
      metadata: {},
    })
  )
}

function enrollment(event: OutboxEvent): EnrollmentEventDocument | undefined {
  const { data: payload } = enrollmentCreatedPayload.safeParse(event.payload)
  return (
    payload &&
    enrollmentDocument(event, payload, {
      payment_method: payload.payment.method,
      price_paid: minorUnits(payload.payment.pricePaid),
      discount_applied: minorUnits(payload.payment.discount),
    })
  )
}

function transfer(event: OutboxEvent): EnrollmentEventDocument | undefined {
  const { data: payload } = enrollmentTransferredPayload.safeParse(event.payload)
  return (
    payload &&
    enrollmentDocument(
      event,
      { userId: payload.toUserId, courseId: payload.courseId },
      { from_user_id: payload.fromUserId },
    )
  )
}

function withdrawal(event: OutboxEvent): EnrollmentEventDocument | undefined {
  const { data: payload } = enrollmentWithdrawnPayload.safeParse(event.payload)
  if (payload === undefined) return undefined
  const { refund } = payload
  return enrollmentDocument(event, payload, refund ? { refunded: minorUnits(refund.amount) } : {})
}

function ended(event: OutboxEvent): EnrollmentEventDocument | undefined {
  const { data: payload } = enrollmentPayload.safeParse(event.payload)
  return payload && enrollmentDocument(event, payload, {})
}

type EventData = EnrollmentEventDocument['event_data']

function enrollmentDocument(
  event: OutboxEvent,
  of: EnrollmentKey,
  data: EventData,
): EnrollmentEventDocument {
  return {
    _id: event.id,
    user_id: of.userId,
    course_id: of.courseId,
    event_type: event.type,
    event_data: data,
    timestamp: event.createdAt,
  }
}
