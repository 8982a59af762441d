import { defineSink, isRowId, minorUnits } from '@headwater/core'
import type { OutboxEvent, Sink, SinkReport } from '@headwater/core'
import { sinkOutage } from '../sink-outage.ts'
import {
  enrollmentCreatedPayload,
  enrollmentPayload,
  enrollmentTransferredPayload,
  enrollmentWithdrawnPayload,
} from '../enrollments/enrollment-events.ts'
import type { EnrollmentKey } from '../enrollments/enrollment.ts'
import type { Origins } from '../users/origins.ts'
import type { ActivitySealing, StoredMetadata } from './sealed/activity-sealing.ts'
import { movedOrigins, registrationOf } from './sealed/moved-origins.ts'
import { activityRecordedPayload } from './activity-events.ts'
import { toUserActivity } from './collections.ts'
import type { EnrollmentEventDocument, UserActivityDocument } from './collections.ts'
import type { EventDocuments, EventLog } from './event-log.ts'
import type { Redactor } from './redaction.ts'

type Failed = SinkReport['failed'][number]

/** Dependencies of {@link activityLogSink}. */
export interface ActivityLogSinkDeps {
  readonly log: EventLog
  readonly origins: Origins
  readonly redactor: Redactor | undefined
  readonly sealing: ActivitySealing | undefined
}

/** Name of the sink; it names cursors. */
export const activityLogSinkName = 'activity-log'

/**
 * Writes registrations and durable activity to `user_activity`, and every enrollment event to
 * `enrollment_events`: one document per event, with the event's id as `_id`, however often the
 * event arrives. Amounts are integer minor units. A registration receives its origin, which is
 * deleted where it waited; its data is redacted as that of all activity.
 */
export function activityLogSink({ log, origins, redactor, sealing }: ActivityLogSinkDeps): Sink {
  return defineSink({
    name: activityLogSinkName,
    types: ['user.registered', 'enrollment.*', 'activity.recorded'],
    mode: 'log',
    handle: (events, { signal }) => {
      // A write that fails as a whole is no event's fault: a wrong password makes no dead letters.
      return origins
        .of(registeredBy(events))
        .andThen((found) => movedOrigins(events, found, sealing))
        .andThen(({ origins: moved, failed }) =>
          write(log, toDocuments(events, { origins: moved, redactor, failed }), signal),
        )
        .andThrough(({ failed }) => origins.forget(registeredBy(events, failed)))
        .mapErr((cause) => sinkOutage('the event log was not written', cause))
    },
  })
}

/** The users whose registration is among the events and has not failed. */
function registeredBy(events: readonly OutboxEvent[], failed: readonly Failed[] = []): number[] {
  const refusedIds = new Set(failed.map(({ id }) => id))
  return events
    .filter(({ id }) => !refusedIds.has(id))
    .flatMap((event) => registrationOf(event)?.userId ?? [])
    .filter(isRowId)
}

interface Batch {
  readonly documents: EventDocuments
  /** Events that are no documents. */
  readonly failed: readonly Failed[]
}

function write(log: EventLog, { documents, failed }: Batch, signal: AbortSignal) {
  return log.insert(documents, signal).map((rejected): SinkReport => ({
    failed: [
      ...failed,
      ...rejected.map(({ id, code }) =>
        refused(id, `MongoDB refused the document with code ${code}`),
      ),
    ],
  }))
}

function toDocuments(events: readonly OutboxEvent[], known: Known): Batch {
  const activities: UserActivityDocument[] = []
  const enrollments: EnrollmentEventDocument[] = []
  const failed: Failed[] = [...known.failed]
  const unreadable = new Set(failed.map(({ id }) => id))
  for (const event of events) {
    if (unreadable.has(event.id)) continue
    const document = toDocument(event, known)
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

/** What a registration receives that its event does not hold. */
interface Known {
  readonly origins: ReadonlyMap<number, StoredMetadata>
  readonly redactor: Redactor | undefined
  /** Registrations whose origin cannot be read. */
  readonly failed: readonly Failed[]
}

function toDocument(
  event: OutboxEvent,
  known: Omit<Known, 'failed'>,
): UserActivityDocument | EnrollmentEventDocument | undefined {
  switch (event.type) {
    case 'user.registered':
      return registration(event, known)
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

function registration(
  event: OutboxEvent,
  { origins, redactor }: Omit<Known, 'failed'>,
): UserActivityDocument | undefined {
  const payload = registrationOf(event)
  if (payload === undefined) return undefined
  const { userId, role } = payload
  // The origin was redacted before it left the process, and no replacement is made twice.
  const registered = { data: { role }, metadata: {} }
  return toUserActivity({
    kind: 'activity',
    id: event.id,
    at: event.createdAt.getTime(),
    userId,
    type: event.type,
    data: (redactor?.redact(registered) ?? registered).data,
    metadata: origins.get(userId) ?? {},
  })
}

function activity(event: OutboxEvent): UserActivityDocument | undefined {
  const { data: payload } = activityRecordedPayload().safeParse(event.payload)
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
  const { data: payload } = enrollmentCreatedPayload().safeParse(event.payload)
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
  const { data: payload } = enrollmentTransferredPayload().safeParse(event.payload)
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
  const { data: payload } = enrollmentWithdrawnPayload().safeParse(event.payload)
  if (payload === undefined) return undefined
  const { refund } = payload
  return enrollmentDocument(event, payload, refund ? { refunded: minorUnits(refund.amount) } : {})
}

function ended(event: OutboxEvent): EnrollmentEventDocument | undefined {
  const { data: payload } = enrollmentPayload().safeParse(event.payload)
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
