import type { collectionIndexes, MongodbDatabase } from './collections.ts'

/** Days after which MongoDB deletes documents, by collection; absent ones are kept for ever. */
export interface RetentionDays {
  /** Documents of `user_activity`, which hold addresses and browsers. */
  readonly activity?: number | undefined
  /** Documents of `search_logs`, which hold queries. */
  readonly searches?: number | undefined
  /** Documents of `enrollment_events`, which hold payments. */
  readonly enrollments?: number | undefined
}

type CollectionName = keyof typeof collectionIndexes

const indexName = 'retention'
const indexNotFound = 27
const indexConflicts: readonly unknown[] = [85, 86]

/** The retention of each collection, in seconds; `undefined` for a collection that is kept. */
export function retentionSeconds(
  retention: number | RetentionDays | undefined,
): Readonly<Record<CollectionName, number | undefined>> {
  const { activity, searches, enrollments }: RetentionDays =
    typeof retention === 'number' ? { activity: retention, searches: retention } : (retention ?? {})
  const seconds = (days: number | undefined) =>
    days === undefined ? undefined : Math.round(days * 86_400)
  return {
    user_activity: seconds(activity),
    search_logs: seconds(searches),
    enrollment_events: seconds(enrollments),
  }
}

/**
 * Makes MongoDB delete a collection's documents `expireAfterSeconds` after their timestamp, or
 * never when it is `undefined`.
 */
export async function setRetention(
  database: MongodbDatabase,
  name: string,
  expireAfterSeconds: number | undefined,
): Promise<void> {
  if (expireAfterSeconds === undefined) await endRetention(database, name)
  else await ensureRetention(database, name, expireAfterSeconds)
}

async function ensureRetention(
  database: MongodbDatabase,
  name: string,
  expireAfterSeconds: number,
): Promise<void> {
  try {
    await database
      .collection(name)
      .createIndex({ timestamp: 1 }, { name: indexName, expireAfterSeconds })
  } catch (error) {
    if (!indexConflicts.includes(codeOf(error))) throw error
    await database.command({ collMod: name, index: { name: indexName, expireAfterSeconds } })
  }
}

async function endRetention(database: MongodbDatabase, name: string): Promise<void> {
  const collection = database.collection(name)
  if (!(await collection.indexExists(indexName))) return
  // Another process may have dropped it in the meantime.
  await collection.dropIndex(indexName).catch((error: unknown) => {
    if (codeOf(error) !== indexNotFound) throw error
  })
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
