import type { Json, NewEvent } from '@headwater/core'
import { z } from 'zod'
import { subjectId } from '../input.ts'

/** Reads the payload of `activity.recorded`. */
export const activityRecordedPayload = z.object({
  userId: subjectId.nullable(),
  type: z.string(),
  data: z.record(z.string(), z.json()),
  timestamp: z.iso.datetime(),
})

/** Payload of `activity.recorded`. */
export type ActivityRecordedPayload = {
  /** Who did it. */
  readonly userId: number | null
  /** What was done. */
  readonly type: string
  /** What the type needs. */
  readonly data: Readonly<Record<string, Json>>
  /** When it happened, as an ISO text. */
  readonly timestamp: string
}

/** A durable activity; one user's are delivered in the order of their commits. */
export function activityRecorded(payload: ActivityRecordedPayload): NewEvent {
  return {
    aggregateType: 'activity',
    aggregateId: payload.userId ?? 'anonymous',
    type: 'activity.recorded',
    version: 0,
    payload,
  }
}
