import { err, ok } from '@headwater/core'
import type { MongodbStore, Result, ResultAsync, StoreError } from '@headwater/core'
import type { UserActivityDocument } from '../activity/collections.ts'
import type { ActivitySealing, StoredMetadata } from '../activity/sealed/activity-sealing.ts'
import type { EncryptionFailed } from './encryption-failed.ts'
import { leftRow } from './rotate-table.ts'
import type { LeftRow, Pass, PassedRows, RotateError } from './rotate-table.ts'

type Metadata = UserActivityDocument['metadata']
type Document = Pick<UserActivityDocument, '_id' | 'user_id' | 'metadata'>

const table = 'user_activity'

/** How often documents that change meanwhile are read again. */
const mostAttempts = 3

/** The pass through the activity log. */
export function passDocuments(mongodb: MongodbStore, sealing: ActivitySealing): Pass {
  const passPart = async (
    part: Part,
    attempts: number,
  ): Promise<Result<PassedRows, RotateError>> => {
    const page = await readPage(mongodb, part)
    if (page.isErr()) return err(page.error)
    const sorted = sortOut(page.value, sealing)
    if (sorted.isErr()) return err(sorted.error)
    const { updates, left } = sorted.value
    const next = page.value.length < part.limit ? undefined : page.value.at(-1)?._id
    if (updates.length === 0 || attempts === 0)
      return ok({ next, changed: 0, left: [...left, ...updates.map(inUse)] })
    const replaced = await replaceDocuments(mongodb, updates)
    if (replaced.isErr()) return err(replaced.error)
    const changed = replaced.value
    if (changed === updates.length) return ok({ next, changed, left })
    const again = await passPart(part, attempts - 1)
    return again.map((rest) => ({ ...rest, changed: changed + rest.changed }))
  }
  return (after = '', limit) => passPart({ after: String(after), limit }, mostAttempts)
}

interface Part {
  /** Id of the last document before. */
  readonly after: string
  readonly limit: number
}

interface SortedDocuments {
  readonly updates: readonly Update[]
  readonly left: readonly LeftRow[]
}

function sortOut(
  documents: readonly Document[],
  sealing: ActivitySealing,
): Result<SortedDocuments, EncryptionFailed> {
  const updates: Update[] = []
  const left: LeftRow[] = []
  for (const document of documents) {
    const update = updateOf(document, sealing)
    if (update.isOk()) {
      if (update.value !== undefined) updates.push(update.value)
      continue
    }
    const unreadable = leftRow(update.error, { table, row: document._id })
    if (unreadable.isErr()) return err(unreadable.error)
    left.push(unreadable.value)
  }
  return ok({ updates, left })
}

function readPage(
  mongodb: MongodbStore,
  { after, limit }: Part,
): ResultAsync<Document[], StoreError> {
  return mongodb.run('rotate-read', (database, signal) =>
    database
      .collection<UserActivityDocument>(table)
      .find({ _id: { $gt: after }, metadata: { $type: 'object' } }, { signal })
      .project<Document>({ user_id: 1, metadata: 1 })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray(),
  )
}

interface Update {
  readonly id: string
  readonly known: Metadata
  readonly metadata: Metadata
}

function updateOf(
  { _id: id, user_id: userId, metadata: known }: Document,
  sealing: ActivitySealing,
): Result<Update | undefined, EncryptionFailed> {
  const stored = storedOf(known)
  // A release that knew nothing of encrypted texts left them when the user was deleted.
  if (userId !== null && userId < 0 && stored.sealed !== undefined)
    return ok({ id, known, metadata: documentOf({}) })
  if (sealing.isCurrent(stored)) return ok(undefined)
  return sealing
    .open(stored, [table, id])
    .andThen((clear) => sealing.seal(clear, [table, id]))
    .map((resealed) => ({ id, known, metadata: documentOf(resealed) }))
}

/** Documents whose metadata has changed since, as that of deleted users, are left alone. */
function replaceDocuments(
  mongodb: MongodbStore,
  updates: readonly Update[],
): ResultAsync<number, StoreError> {
  return mongodb.run('rotate-write', async (database) => {
    const { matchedCount } = await database.collection<UserActivityDocument>(table).bulkWrite(
      updates.map(({ id, known, metadata }) => ({
        updateOne: { filter: { _id: id, metadata: known }, update: { $set: { metadata } } },
      })),
      { ordered: false },
    )
    return matchedCount
  })
}

function inUse({ id }: Update): LeftRow {
  return { table, row: id, reason: 'in-use' }
}

function storedOf({
  ip_address: ipAddress,
  user_agent: userAgent,
  referrer,
  sealed,
}: Metadata): StoredMetadata {
  return {
    ipAddress: ipAddress ?? undefined,
    userAgent: userAgent ?? undefined,
    referrer: referrer ?? undefined,
    sealed,
  }
}

function documentOf({ ipAddress, userAgent, referrer, sealed }: StoredMetadata): Metadata {
  return {
    ip_address: ipAddress ?? null,
    user_agent: userAgent ?? null,
    referrer: referrer ?? null,
    ...(sealed === undefined ? {} : { sealed }),
  }
}
