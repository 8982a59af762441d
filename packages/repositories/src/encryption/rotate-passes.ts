import { err, ok } from '@headwater/core'
import type { Result, ResultAsync, SqlError, StoreError, Transaction, TransactionError } from '@headwater/core'
import type { StoredMetadata } from '../activity/sealed/activity-sealing.ts'
import type { UserActivityDocument } from '../activity/collections.ts'
import type { SealedContext } from '../context.ts'
import { columnsOf, read, write } from '../sql.ts'
import { toMetadata } from '../users/origin-queries.ts'
import type { OriginRow } from '../users/origin-queries.ts'
import { jsonOf } from '../users/sealed/register-sealed.ts'
import type { SealedUserRow } from '../users/sealed/sealed-user-queries.ts'
import { toStoredUser } from '../users/user-queries.ts'
import type { EncryptionFailed } from './encryption-failed.ts'
import {
  replaceOrigins,
  replaceSpilledMetadata,
  replaceUserTexts,
  selectOriginsAfter,
  selectSpillAfter,
  selectUsersAfter,
} from './rotation-queries.ts'
import type { SpilledMetadataRow } from './rotation-queries.ts'

/** What can go wrong with a pass. */
export type PassError = EncryptionFailed | SqlError | TransactionError | StoreError

/** A part of a pass that is done. */
export interface PassedRows {
  /** Where the next part begins; `undefined` at the end. */
  readonly next: string | number | undefined
  /** Rows that were encrypted anew. */
  readonly changed: number
}

/** Passes through the rows of one table or collection, a part at a time. */
export type Pass = (
  after: string | number | undefined,
  limit: number,
) => Promise<Result<PassedRows, PassError>>

/** The passes through everything that holds encrypted fields. */
export function passesOf(context: SealedContext): Readonly<Record<string, Pass>> {
  return {
    users: (after = 0, limit) => passUsers(context, { after, limit }),
    origins: (after = 0, limit) => passOrigins(context, { after, limit }),
    waiting: (after = 0, limit) => passSpill(context, { after, limit }),
    activity: (after = '', limit) => passActivity(context, { after, limit }),
  }
}

interface Part {
  readonly after: string | number
  readonly limit: number
}

async function passUsers(
  context: SealedContext,
  part: Part,
): Promise<Result<PassedRows, PassError>> {
  const { stores, caches, sealing } = context
  return write<PassedRows, PassError>(stores, async (tx) => {
    const { rows } = await tx.query<SealedUserRow>(selectUsersAfter, [part.after, part.limit])
    const changes: (readonly unknown[])[] = []
    for (const user of rows.map(toStoredUser)) {
      if (sealing.users.isCurrent(user)) continue
      const columns = sealing.users.open(user).andThen((clear) => sealing.users.seal(user.id, clear))
      if (columns.isErr()) return err(columns.error)
      const { email, fullName, sealed } = columns.value
      changes.push([user.id, user.version, email, fullName, jsonOf(sealed)])
    }
    tx.invalidate(...changes.map(([id]) => caches.users.key(id as number)))
    return ok(await replaced(tx, replaceUserTexts, { changes, rows, part, last: rows.at(-1)?.id }))
  })
}

async function passOrigins(
  { stores, sealing }: SealedContext,
  part: Part,
): Promise<Result<PassedRows, PassError>> {
  return write<PassedRows, PassError>(stores, async (tx) => {
    const { rows } = await tx.query<OriginRow>(selectOriginsAfter, [part.after, part.limit])
    const changes: (readonly unknown[])[] = []
    for (const row of rows) {
      const resealed = anew({ sealing }, toMetadata(row), ['user_origin', row.user_id])
      if (resealed.isErr()) return err(resealed.error)
      if (resealed.value === undefined) continue
      const { ipAddress, userAgent, referrer, sealed } = resealed.value
      changes.push([row.user_id, ipAddress, userAgent, referrer, jsonOf(sealed)])
    }
    const last = rows.at(-1)?.user_id
    return ok(await replaced(tx, replaceOrigins, { changes, rows, part, last }))
  })
}

async function passSpill(
  { stores, sealing }: SealedContext,
  part: Part,
): Promise<Result<PassedRows, PassError>> {
  return write<PassedRows, PassError>(stores, async (tx) => {
    const { rows } = await tx.query<SpilledMetadataRow>(selectSpillAfter, [part.after, part.limit])
    const changes: (readonly unknown[])[] = []
    for (const { seq, id, metadata } of rows) {
      const resealed = anew({ sealing }, metadata, ['user_activity', id])
      if (resealed.isErr()) return err(resealed.error)
      if (resealed.value === undefined) continue
      changes.push([seq, JSON.stringify(metadata), JSON.stringify(resealed.value)])
    }
    const last = rows.at(-1)?.seq
    return ok(await replaced(tx, replaceSpilledMetadata, { changes, rows, part, last }))
  })
}

async function passActivity(
  { stores, sealing }: SealedContext,
  { after, limit }: Part,
): Promise<Result<PassedRows, PassError>> {
  const { mongodb } = stores
  if (mongodb === undefined) return ok({ next: undefined, changed: 0 })
  const page = await mongodb.run('rotate-read', (database, signal) =>
    database
      .collection<UserActivityDocument>('user_activity')
      .find({ _id: { $gt: String(after) } }, { signal, projection: { metadata: 1 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray(),
  )
  if (page.isErr()) return err(page.error)
  const updates: Update[] = []
  for (const { _id: id, metadata } of page.value) {
    const resealed = anew({ sealing }, storedOf(metadata), ['user_activity', id])
    if (resealed.isErr()) return err(resealed.error)
    if (resealed.value !== undefined) updates.push({ id, metadata, resealed: resealed.value })
  }
  return replaceDocuments(mongodb, updates).map((changed) => ({
    next: page.value.length < limit ? undefined : page.value.at(-1)?._id,
    changed,
  }))
}

interface Update {
  readonly id: string
  readonly metadata: UserActivityDocument['metadata']
  readonly resealed: StoredMetadata
}

/** Documents whose metadata has changed since, as that of deleted users, are left alone. */
function replaceDocuments(
  mongodb: NonNullable<SealedContext['stores']['mongodb']>,
  updates: readonly Update[],
): ResultAsync<number, StoreError> {
  return mongodb.run('rotate-write', async (database, signal) => {
    if (updates.length === 0) return 0
    const { modifiedCount } = await database
      .collection<UserActivityDocument>('user_activity')
      .bulkWrite(
        updates.map(({ id, metadata, resealed }) => ({
          updateOne: {
            filter: { _id: id, metadata },
            update: { $set: { metadata: documentOf(resealed) } },
          },
        })),
        { ordered: false, signal },
      )
    return modifiedCount
  })
}

/** Metadata encrypted anew; `undefined` where it is as it is to be. */
function anew(
  { sealing }: Pick<SealedContext, 'sealing'>,
  metadata: StoredMetadata,
  place: Parameters<SealedContext['sealing']['activity']['seal']>[1],
): Result<StoredMetadata | undefined, EncryptionFailed> {
  if (sealing.activity.isCurrent(metadata)) return ok(undefined)
  return sealing.activity
    .open(metadata, place)
    .andThen((clear) => sealing.activity.seal(clear, place))
}

function storedOf({
  ip_address: ipAddress,
  user_agent: userAgent,
  referrer,
  sealed,
}: UserActivityDocument['metadata']): StoredMetadata {
  return {
    ipAddress: ipAddress ?? undefined,
    userAgent: userAgent ?? undefined,
    referrer: referrer ?? undefined,
    sealed,
  }
}

function documentOf({
  ipAddress = null,
  userAgent = null,
  referrer = null,
  sealed,
}: StoredMetadata): UserActivityDocument['metadata'] {
  return {
    ip_address: ipAddress,
    user_agent: userAgent,
    referrer,
    ...(sealed === undefined ? {} : { sealed }),
  }
}

async function replaced(
  tx: Transaction,
  statement: string,
  {
    changes,
    rows,
    part,
    last,
  }: {
    readonly changes: readonly (readonly unknown[])[]
    readonly rows: readonly unknown[]
    readonly part: Part
    readonly last: string | number | undefined
  },
): Promise<PassedRows> {
  const next = rows.length < part.limit ? undefined : last
  if (changes.length === 0) return { next, changed: 0 }
  const { rows: done } = await tx.query(statement, columnsOf(changes))
  return { next, changed: done.length }
}
