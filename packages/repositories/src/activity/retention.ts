import type { CollectionName, MongodbDatabase } from './collections.ts'

/** Days after which MongoDB deletes documents, by collection; absent ones are kept for ever. */
export interface RetentionDays {
  /** Documents of `user_activity`, which hold addresses and browsers. */
  readonly activity?: number | undefined
  /** Documents of `search_logs`, which hold queries. */
  readonly searches?: number | undefined
  /** Documents of `enrollment_events`, which hold payments. */
  readonly enrollments?: number | undefined
  /**
   * Documents that `resync` has set aside, from that moment on. Where it is shorter, the time of
   * their collection holds.
   *
   * @defaultValue `90`
   */
  readonly setAside?: number | undefined
}

/** Defaults of {@link RetentionDays}. */
export const retentionDefaults = { setAside: 90 } as const satisfies RetentionDays

/** How long documents are kept, in seconds. */
export interface Retention {
  /** By collection, from their timestamp on; `undefined` for one that is kept. */
  readonly collections: Readonly<Record<CollectionName, number | undefined>>
  /** What was set aside, from that moment on. */
  readonly setAside: number
}

/** A moment that documents have, and their time from then on; `undefined` without an end. */
interface Expiry {
  readonly from: 'timestamp' | 'set_aside.at' | 'gathered_at'
  readonly seconds: number | undefined
}

const indexNames: Readonly<Record<Expiry['from'], string>> = {
  timestamp: 'retention',
  'set_aside.at': 'set_aside_retention',
  gathered_at: 'retention',
}
const indexNotFound = 27
const indexConflicts: readonly unknown[] = [85, 86]

/** The retention in seconds, with the defaults filled in. */
export function retentionOf(days: number | RetentionDays | undefined): Retention {
  const { activity, searches, enrollments, setAside }: RetentionDays =
    typeof days === 'number' ? { activity: days, searches: days } : (days ?? {})
  const secondsOf = (count: number): number => Math.round(count * 86_400)
  const seconds = (count: number | undefined) => (count === undefined ? count : secondsOf(count))
  return {
    collections: {
      user_activity: seconds(activity),
      search_logs: seconds(searches),
      enrollment_events: seconds(enrollments),
    },
    setAside: secondsOf(setAside ?? retentionDefaults.setAside),
  }
}

/** Makes MongoDB delete a collection's documents after their time, or never for this reason. */
export async function setRetention(
  database: MongodbDatabase,
  name: string,
  { from, seconds }: Expiry,
): Promise<void> {
  if (seconds === undefined) await endRetention(database, name, indexNames[from])
  else await ensureRetention(database, name, { from, seconds })
}

async function ensureRetention(
  database: MongodbDatabase,
  name: string,
  { from, seconds }: Expiry & { readonly seconds: number },
): Promise<void> {
  const index = { name: indexNames[from], expireAfterSeconds: seconds }
  try {
    await database.collection(name).createIndex({ [from]: 1 }, index)
  } catch (error) {
    if (!indexConflicts.includes(codeOf(error))) throw error
    await database.command({ collMod: name, index })
  }
}

async function endRetention(
  database: MongodbDatabase,
  name: string,
  indexName: string,
): Promise<void> {
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
