import type { Abortable, Filter } from 'mongodb'
import { encodeCursor, toPage } from '../page.ts'
import type { Page } from '../page.ts'
import type { ActivityRecord } from './activity.ts'
import { toActivityRecord } from './collections.ts'
import type { MongodbDatabase, UserActivityDocument } from './collections.ts'

/** Which activity a page holds. */
export interface ActivityPageRequest {
  /** Only what this user did. */
  readonly userId?: number | undefined
  /** Only this type. */
  readonly type?: string | undefined
  /** Not before. */
  readonly from?: Date | undefined
  /** Before. */
  readonly to?: Date | undefined
  /** How many. */
  readonly limit: number
  /** The last one of the page before: its moment and its id. */
  readonly cursor?: readonly [at: number, id: string] | undefined
}

type Condition = Filter<UserActivityDocument>

/**
 * Reads a page, newest first and by id within a millisecond. The indexes end with the moment, so
 * that is what MongoDB sorts by; only where a page ends among several events of one millisecond are
 * those read once more, by id.
 */
export async function readActivityPage(
  database: MongodbDatabase,
  request: ActivityPageRequest,
  options: Abortable,
): Promise<Page<ActivityRecord>> {
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

function pageOf(documents: readonly UserActivityDocument[], limit: number): Page<ActivityRecord> {
  return toPage(documents.map(toActivityRecord), limit, (last) =>
    encodeCursor('activity', [last.timestamp.getTime(), last.id]),
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

/** The first condition is what bounds the scan of an index. */
function after(timestamp: Date, id: string): Condition[] {
  return [
    { timestamp: { $lte: timestamp } },
    { $or: [{ timestamp: { $lt: timestamp } }, { timestamp, _id: { $lt: id } }] },
  ]
}
