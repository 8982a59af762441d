import { randomInt } from 'node:crypto'
import { err, ok } from '@headwater/core'
import type { MongodbStore, Result, StoreError } from '@headwater/core'
import type { Document } from 'mongodb'
import { setAsideOf } from '../activity/collections.ts'
import type { MongodbDatabase } from '../activity/collections.ts'

/** A deleted user and the pseudonym. */
export interface ErasedUser {
  /** The id of the deleted user. */
  readonly userId: number
  /**
   * The negative number that replaces the id, the same everywhere: the activity of one person stays
   * that of one person.
   */
  readonly pseudonym: number
}

/** A random pseudonym; nothing about the user follows from it. */
export function newPseudonym(): number {
  return -randomInt(1, 2 ** 48 - 1)
}

/** Documents changed by one command: few enough for its deadline, however long the history. */
const pageSize = 1_000

/**
 * Replaces a user's id by the pseudonym in every collection, and removes address, browser, referrer
 * and queries. Idempotent. Two round trips per 1,000 documents, each within a deadline of its own;
 * after a failure a further call continues where this one ended.
 */
async function pseudonymise(
  mongodb: MongodbStore,
  { userId, pseudonym }: ErasedUser,
): Promise<Result<void, StoreError>> {
  for (const step of stepsFor(userId, pseudonym)) {
    for (let isLast = false; !isLast;) {
      const page = await mongodb.run('pseudonymise', (database) => changePage(database, step))
      if (page.isErr()) return err(page.error)
      isLast = page.value < pageSize
    }
  }
  return ok(undefined)
}

/** Pseudonymises users one after the other; the first failure ends it. */
export async function pseudonymiseAll(
  mongodb: MongodbStore,
  users: readonly ErasedUser[],
): Promise<Result<void, StoreError>> {
  for (const user of users) {
    const done = await pseudonymise(mongodb, user)
    if (done.isErr()) return err(done.error)
  }
  return ok(undefined)
}

/** The parts of documents that name users or tell of one. */
export interface NamingDocument extends Document {
  readonly _id: string
  readonly user_id?: number | null
  readonly event_data?: { readonly from_user_id?: unknown } & Document
}

/** The users that a document names, in all its parts. */
export function usersOf({ user_id: userId, event_data: data }: NamingDocument): readonly number[] {
  return [userId, data?.from_user_id].filter((id): id is number => typeof id === 'number' && id > 0)
}

/** The document as {@link pseudonymiseAll} would leave it, for users with these pseudonyms. */
export function pseudonymised(
  document: NamingDocument,
  pseudonyms: ReadonlyMap<unknown, number>,
): NamingDocument {
  const { user_id: userId, event_data: data } = document
  const [user, giver] = [pseudonyms.get(userId), pseudonyms.get(data?.from_user_id)]
  return {
    ...(user === undefined ? document : withoutTraces(document, user)),
    ...(giver !== undefined && { event_data: { ...data, from_user_id: giver } }),
  }
}

function withoutTraces(document: NamingDocument, user: number): NamingDocument {
  const { _id, ...fields } = document
  const others = Object.entries(fields).filter(([field]) => field !== 'query')
  const metadata = 'metadata' in document && { metadata: anonymous }
  return { _id, ...Object.fromEntries(others), user_id: user, ...metadata }
}

const anonymous = { ip_address: null, user_agent: null, referrer: null }

/** A change of the documents that match; a changed document no longer does. */
interface Step {
  readonly collection: string
  readonly filter: Document
  readonly change: Document
}

function stepsFor(userId: number, pseudonym: number): readonly Step[] {
  return inCollections(userId, pseudonym).flatMap((step) => [
    step,
    { ...step, collection: setAsideOf(step.collection) },
  ])
}

function inCollections(userId: number, pseudonym: number): readonly Step[] {
  const [filter, renamed] = [{ user_id: userId }, { user_id: pseudonym }]
  const anonymously = Object.fromEntries(
    Object.entries(anonymous).map(([field, value]) => [`metadata.${field}`, value]),
  )
  return [
    {
      collection: 'user_activity',
      filter,
      change: { $set: { ...renamed, ...anonymously }, $unset: { 'metadata.sealed': '' } },
    },
    { collection: 'search_logs', filter, change: { $set: renamed, $unset: { query: '' } } },
    { collection: 'enrollment_events', filter, change: { $set: renamed } },
    {
      collection: 'enrollment_events',
      filter: { event_type: 'enrollment.transferred', 'event_data.from_user_id': userId },
      change: { $set: { 'event_data.from_user_id': pseudonym } },
    },
  ]
}

async function changePage(
  database: MongodbDatabase,
  { collection, filter, change }: Step,
): Promise<number> {
  const documents = database.collection<{ _id: string }>(collection)
  const page = await documents.find(filter, { projection: { _id: 1 }, limit: pageSize }).toArray()
  const ids = page.map(({ _id: id }) => id)
  // With the filter again: a document may have been changed by another process since it was found.
  if (ids.length > 0) await documents.updateMany({ _id: { $in: ids }, ...filter }, change)
  return ids.length
}
