import type { Json, MongodbStore } from '@headwater/core'
import type { SealedFields } from '../encryption/sealed-fields.ts'
import type { ActivityMetadata, ActivityRecord } from './activity.ts'
import type { LoggedActivity } from './activity-entry.ts'

/** A database, as lent by the store. */
export type MongodbDatabase = Parameters<Parameters<MongodbStore['run']>[1]>[0]

/** A document of `user_activity`. */
export interface UserActivityDocument {
  _id: string
  user_id: number | null
  event_type: string
  event_data: Readonly<Record<string, Json>>
  metadata: {
    ip_address: string | null
    user_agent: string | null
    referrer: string | null
    /** Encrypted texts, whose fields above are `null`; absent where nothing is encrypted. */
    sealed?: SealedFields
  }
  timestamp: Date
}

/** A course that a search showed; a rank is `null` for a leg that did not find it. */
export interface SearchResultDocument {
  readonly course_id: number
  readonly position: number
  readonly dense: number | null
  readonly lexical: number | null
  readonly rerank: number | null
}

/**
 * A document of `search_logs`. Pages and clicks may be written before their search; documents of
 * earlier releases have neither `clicks` nor `cache_hit`.
 */
export interface SearchLogDocument {
  _id: string
  user_id: number | null
  query: string
  results_count: number
  search_type: string
  clicked_result: number | null
  click_position: number | null
  clicks: readonly { readonly course_id: number; readonly position: number }[]
  cache_hit: boolean | null
  search_duration_ms: number
  results: readonly SearchResultDocument[]
  timestamp: Date
}

/** A document of `enrollment_events`; amounts in integer minor units. */
export interface EnrollmentEventDocument {
  _id: string
  user_id: number
  course_id: number
  event_type: string
  event_data: Readonly<Record<string, Json>>
  timestamp: Date
}

/** The collections, with the indexes that their queries use. */
export const collectionIndexes = {
  user_activity: [
    { user_id: 1, timestamp: -1 },
    { event_type: 1, timestamp: -1 },
    { timestamp: -1 },
  ],
  search_logs: [{ user_id: 1, timestamp: -1 }, { query: 1, timestamp: -1 }, { timestamp: -1 }],
  enrollment_events: [
    { user_id: 1, timestamp: -1 },
    { course_id: 1, timestamp: -1 },
    { event_type: 1, timestamp: -1 },
  ],
} as const

/** Name of a collection of the event log. */
export type CollectionName = keyof typeof collectionIndexes

/** The collection of the documents of another one that are of a lost future. */
export function setAsideOf(collection: string): string {
  return `${collection}_set_aside`
}

/** Creates the missing indexes of all collections. */
export async function ensureIndexes(database: MongodbDatabase): Promise<void> {
  for (const [name, keys] of Object.entries(collectionIndexes))
    await database.collection(name).createIndexes(keys.map((key) => ({ key })))
}

/** The document of an activity. */
export function toUserActivity(entry: LoggedActivity): UserActivityDocument {
  const { ipAddress = null, userAgent = null, referrer = null, sealed } = entry.metadata
  return {
    _id: entry.id,
    user_id: entry.userId,
    event_type: entry.type,
    event_data: entry.data,
    metadata: {
      ip_address: ipAddress,
      user_agent: userAgent,
      referrer,
      ...(sealed === undefined ? {} : { sealed }),
    },
    timestamp: new Date(entry.at),
  }
}

/** The activity of a document. */
export function toActivityRecord(document: UserActivityDocument): ActivityRecord {
  const { ip_address: ipAddress, user_agent: userAgent, referrer } = document.metadata
  const metadata: ActivityMetadata = {
    ...(ipAddress !== null && { ipAddress }),
    ...(userAgent !== null && { userAgent }),
    ...(referrer !== null && { referrer }),
  }
  return {
    id: document._id,
    userId: document.user_id,
    type: document.event_type,
    data: document.event_data,
    metadata,
    timestamp: document.timestamp,
  }
}
