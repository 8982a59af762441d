import type { StoreUnavailable } from '@headwater/core'
import type { Abortable, Filter } from 'mongodb'
import { encodeCursor, toPage } from '../page.ts'
import type { Page } from '../page.ts'
import type { MongodbDatabase, UserActivityDocument } from './collections.ts'

/** A request for one page of activity. */
export interface ActivityPageRequest {
  /** Only the activity of this user. */
  readonly userId?: number | undefined
  /** Only activity of this type. */
  readonly type?: string | undefined
  /** Only activity at or after this moment. */
  readonly from?: Date | undefined
  /** Only activity before this moment. */
  readonly to?: Date | undefined
  /** The size of the page. */
  readonly limit: number
  /** Moment and id of the last record of the previous page. */
  readonly cursor?: readonly [at: number, id: string] | undefined
}

/** The failure of a request where there is no log. */
export const noMongodb: StoreUnavailable = {
  type: 'store-unavailable',
  message: 'no MongoDB is configured',
  retryable: false,
  store: 'mongodb',
  operation: 'activity-list',
}

type Condition = Filter<UserActivityDocument>

/**
 * Reads a page, newest first and by id within a millisecond. MongoDB sorts by the moment alone,
 * with which the indexes end. Where a page ends among several records of one millisecond, those are
 * read again by id.
 */
export async function readActivityPage(
  database: MongodbDatabase,
  request: ActivityPageRequest,
  options: Abortable,
): Promise<Page<UserActivityDocument>> {
  const { limit } = request
  const find = (conditions: readonly Condition[]) =>
    database
      .collection<UserActivityDocument>('user_activity')
      .find({ $and: [...conditions] }, options)
      .limit(limit + 1)
  const conditions = conditionsOf(request)
  const found = await find(conditions).sort({ timestamp: -1 }).toArray()
  const [last, further] = found.slice(limit - 1)
  if (
    last === undefined ||
    further === undefined ||
    last.timestamp.getTime() !== further.timestamp.getTime()
  )
    return pageOf(found.sort(newestFirst), limit)
  const newer = found.filter(({ timestamp }) => timestamp > last.timestamp).sort(newestFirst)
  const together = await find([...conditions, { timestamp: last.timestamp }])
    .sort({ _id: -1 })
    .toArray()
  return pageOf([...newer, ...together], limit)
}

function pageOf(
  documents: readonly UserActivityDocument[],
  limit: number,
): Page<UserActivityDocument> {
  return toPage(documents, limit, (last) =>
    encodeCursor('activity', [last.timestamp.getTime(), last._id]),
  )
}

function newestFirst(one: UserActivityDocument, other: UserActivityDocument): number {
  return other.timestamp.getTime() - one.timestamp.getTime() || (one._id < other._id ? 1 : -1)
}

function conditionsOf({ userId, type, from, to, cursor }: ActivityPageRequest): Condition[] {
  const conditions: Condition[] = [{}]
  if (userId !== undefined) conditions.push({ user_id: userId })
  if (type !== undefined) conditions.push({ event_type: type })
  if (from !== undefined) conditions.push({ timestamp: { $gte: from } })
  if (to !== undefined) conditions.push({ timestamp: { $lt: to } })
  if (cursor !== undefined) conditions.push(...after(new Date(cursor[0]), cursor[1]))
  return conditions
}

/** The first condition bounds the scan of an index. */
function after(timestamp: Date, id: string): Condition[] {
  return [
    { timestamp: { $lte: timestamp } },
    { $or: [{ timestamp: { $lt: timestamp } }, { timestamp, _id: { $lt: id } }] },
  ]
}
