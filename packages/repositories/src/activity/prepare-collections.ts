import type { StoreError } from '@headwater/core'
import { collectionIndexes, ensureIndexes, setAsideOf } from './collections.ts'
import type { CollectionName, MongodbDatabase } from './collections.ts'
import { setRetention } from './retention.ts'
import type { Retention } from './retention.ts'

/** Time for indexes of collections that may be large. */
export const indexDeadlineMs = 10_000

const unauthorized = '13'

const names = Object.keys(collectionIndexes) as readonly CollectionName[]

/**
 * Creates the missing indexes of the event log and makes MongoDB delete what is too old; also of
 * what was set aside, where something was.
 */
export async function prepareCollections(
  database: MongodbDatabase,
  retention: Retention,
): Promise<void> {
  await ensureIndexes(database)
  for (const name of names)
    await setRetention(database, name, { from: 'timestamp', seconds: retention.collections[name] })
  const existing = await existingNames(database)
  for (const name of names)
    if (existing.has(setAsideOf(name))) await prepareSetAside(database, name, retention)
}

/** Creates the collection for what is set aside of another one, with the index of its users. */
export async function prepareSetAside(
  database: MongodbDatabase,
  collection: CollectionName,
  retention: Retention,
): Promise<void> {
  const name = setAsideOf(collection)
  await database.collection(name).createIndex({ user_id: 1 })
  const seconds = retention.collections[collection]
  await setRetention(database, name, { from: 'timestamp', seconds })
  await setRetention(database, name, { from: 'set_aside.at', seconds: retention.setAside })
}

/** Whether a client may not create indexes: it works without them. */
export function isForbidden(error: StoreError): boolean {
  return error.type === 'store-refused' && error.code === unauthorized
}

async function existingNames(database: MongodbDatabase): Promise<ReadonlySet<string>> {
  const options = { nameOnly: true, authorizedCollections: true } as const
  const found = await database.listCollections({}, options).toArray()
  return new Set(found.map(({ name }) => name))
}
