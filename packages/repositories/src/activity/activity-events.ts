import { once } from '@headwater/core'
import type { Json, NewEvent } from '@headwater/core'
import * as z from 'zod/mini'
import { subjectId } from '../input.ts'

/** Schema of the payload of `activity.recorded`. */
export const activityRecordedPayload = once(() =>
  z.object({
    userId: z.nullable(subjectId()),
    type: z.string(),
    data: z.record(z.string(), z.json()),
    timestamp: z.iso.datetime(),
  }),
)

/** Payload of `activity.recorded`. */
export type ActivityRecordedPayload = {
  /** The user. */
  readonly userId: number | null
  /** Its type. */
  readonly type: string
  /** The data of the type. */
  readonly data: Readonly<Record<string, Json>>
  /** When it happened, in ISO 8601. */
  readonly timestamp: string
}

/** The event of a durable activity. A user's are delivered in the order of their commits. */
export function activityRecorded(payload: ActivityRecordedPayload): NewEvent {
  return {
    aggregateType: 'activity',
    aggregateId: payload.userId ?? 'anonymous',
    type: 'activity.recorded',
    version: 0,
    payload,
  }
}
