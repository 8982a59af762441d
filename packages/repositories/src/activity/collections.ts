import type { Json, MongodbStore } from '@headwater/core'
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
  metadata: { ip_address: string | null; user_agent: string | null; referrer: string | null }
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

/** A document of `search_logs`; a click may be written before its search. */
export interface SearchLogDocument {
  _id: string
  user_id: number | null
  query: string
  results_count: number
  search_type: string
  clicked_result: number | null
  click_position: number | null
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

/**
 * Creates the missing indexes, and sets the retention: MongoDB deletes documents
 * `retentionSeconds` after their timestamp, or never when it is `undefined`.
 */
export async function ensureIndexes(
  database: MongodbDatabase,
  retentionSeconds: number | undefined,
): Promise<void> {
  for (const [name, keys] of Object.entries(collectionIndexes)) {
    await database.collection(name).createIndexes(keys.map((key) => ({ key })))
    if (retentionSeconds === undefined) await endRetention(database, name)
    else await ensureRetention(database, name, retentionSeconds)
  }
}

const retention = 'retention'

async function ensureRetention(
  database: MongodbDatabase,
  name: string,
  expireAfterSeconds: number,
): Promise<void> {
  try {
    await database
      .collection(name)
      .createIndex({ timestamp: 1 }, { name: retention, expireAfterSeconds })
  } catch (error) {
    if (!isIndexConflict(error)) throw error
    await database.command({ collMod: name, index: { name: retention, expireAfterSeconds } })
  }
}

async function endRetention(database: MongodbDatabase, name: string): Promise<void> {
  const collection = database.collection(name)
  if (!(await collection.indexExists(retention))) return
  // Another process may have dropped it in the meantime.
  await collection.dropIndex(retention).catch((error: unknown) => {
    if (codeOf(error) !== 27) throw error
  })
}

function isIndexConflict(error: unknown): boolean {
  return codeOf(error) === 85 || codeOf(error) === 86
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}

/** The document of an activity. */
export function toUserActivity(entry: LoggedActivity): UserActivityDocument {
  const { ipAddress = null, userAgent = null, referrer = null } = entry.metadata
  return {
    _id: entry.id,
    user_id: entry.userId,
    event_type: entry.type,
    event_data: entry.data,
    metadata: { ip_address: ipAddress, user_agent: userAgent, referrer },
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
