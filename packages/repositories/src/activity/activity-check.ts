import { isRowId } from '@headwater/core'
import type * as z from 'zod/mini'
import type { activityInput } from './activity-input.ts'
import { activityLimits, activityTypePattern } from './activity-limits.ts'
import { storableMetadata } from './activity-metadata.ts'
import type { ActivityMetadata } from './activity.ts'
import { dataChecks } from './activity-types.ts'
import type { ActivityData, ActivityTypes, DataCheck } from './activity-types.ts'
import { hasOnly, isPlainObject, JsonCopier } from './safe-json.ts'

/** An activity that breaks no rule; nothing in it belongs to the caller. */
export interface CheckedActivity {
  /** The user. */
  readonly userId: number | null
  /** Its type. */
  readonly type: string
  /** The data of the type. */
  readonly data: ActivityData
  /** The request it came with. */
  readonly metadata: ActivityMetadata
  /** When it happened, in milliseconds since the epoch; `undefined` for now. */
  readonly at: number | undefined
}

/** The activity that the schema has accepted. */
export function fromInput({
  userId = null,
  type,
  data = {},
  metadata = {},
  timestamp,
}: z.output<ReturnType<typeof activityInput>>): CheckedActivity {
  return { userId, type, data, metadata, at: timestamp?.getTime() }
}

const eventFields = new Set(['userId', 'type', 'data', 'metadata', 'timestamp'])
const metadataFields = new Set(['ipAddress', 'userAgent', 'referrer'])
const noMetadata: ActivityMetadata = {}
const maxKnownTypes = 1_000
const anyData: DataCheck = () => true

/**
 * The rules of `activityInput`, written by hand for the path that every event takes. Accepts and
 * copies only events that those rules accept; for the others they must be asked.
 */
export class ActivityCheck {
  readonly #copier = new JsonCopier()
  readonly #checks: Map<string, DataCheck>
  readonly #maxTypes: number

  constructor(types: ActivityTypes) {
    this.#checks = dataChecks(types)
    this.#maxTypes = this.#checks.size + maxKnownTypes
  }

  /** A copy of the activity; `undefined` when `activityInput` must be asked. */
  accept(event: unknown): CheckedActivity | undefined {
    try {
      return isPlainObject(event) && hasOnly(event, eventFields) ? this.#accept(event) : undefined
    } catch {
      // A getter or a proxy may throw.
      return undefined
    }
  }

  #accept({
    userId,
    type,
    data,
    metadata,
    timestamp,
  }: Readonly<Record<string, unknown>>): CheckedActivity | undefined {
    if (userId !== undefined && userId !== null && !isRowId(userId)) return undefined
    if (typeof type !== 'string') return undefined
    const check = this.#checks.get(type) ?? this.#checkOfNew(type)
    const copied = data === undefined ? {} : this.#copyOf(data)
    if (check === undefined || copied === undefined || !check(copied)) return undefined
    const from = metadata === undefined ? noMetadata : metadataOf(metadata)
    const at = timestamp === undefined ? undefined : timeOf(timestamp)
    if (from === undefined || Number.isNaN(at)) return undefined
    return { userId: userId ?? null, type, data: copied, metadata: from, at }
  }

  #copyOf(data: unknown): ActivityData | undefined {
    return typeof data === 'object' && data !== null ? this.#copier.copyOf(data) : undefined
  }

  #checkOfNew(type: string): DataCheck | undefined {
    if (type.length > activityLimits.type || !activityTypePattern.test(type)) return undefined
    if (this.#checks.size < this.#maxTypes) this.#checks.set(type, anyData)
    return anyData
  }
}

function metadataOf(given: unknown): ActivityMetadata | undefined {
  if (
    typeof given !== 'object' ||
    given === null ||
    Array.isArray(given) ||
    !hasOnly(given, metadataFields)
  )
    return undefined
  const { ipAddress, userAgent, referrer } = given as Readonly<Record<string, unknown>>
  if (!isStringOrAbsent(ipAddress)) return undefined
  if (!isStringOrAbsent(userAgent)) return undefined
  if (!isStringOrAbsent(referrer)) return undefined
  return storableMetadata({ ipAddress, userAgent, referrer })
}

function isStringOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function timeOf(timestamp: unknown): number {
  const at = timestamp instanceof Date ? timestamp.getTime() : Number.NaN
  return at >= activityLimits.from && at <= activityLimits.to ? at : Number.NaN
}
