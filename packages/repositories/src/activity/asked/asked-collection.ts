import type { MongodbDatabase } from '../collections.ts'
import { onlyDuplicates } from '../bulk-write.ts'
import { setRetention } from '../retention.ts'
import type { AskedQuery } from './asked-query.ts'
import type { RankedQuery, ShownText } from './rank-queries.ts'

/** The queries that enough users have asked. No document names a user. */
export const askedCollection = 'search_queries'

/** A query that enough users have asked; `_id` is its form. */
interface AskedQueryDocument {
  _id: string
  shown: readonly ShownText[]
  users: number
  /** Its place among all, from 0. */
  rank: number
  /** When the gathering began that found it last. */
  gathered_at: Date
}

/** Time after which queries are due again; what is dated further ahead is void. */
export const everyMs = 3_600_000

/** Queries that nobody gathers any more are gone after this time. */
const keptMs = 7 * 86_400_000

/** How far the clock of a reader may be behind the server's. */
const behindMs = 86_400_000

/** The queries whose forms begin so, first things first. The index of `_id` finds them. */
export async function readQueries(
  database: MongodbDatabase,
  { form, minUsers, limit, now }: ReadRequest,
  signal: AbortSignal,
): Promise<AskedQuery[]> {
  const found = await database
    .collection<AskedQueryDocument>(askedCollection)
    .find(
      {
        _id: { $gte: form, $lt: `${form}\u{10ffff}` },
        users: { $gte: minUsers },
        gathered_at: { $gt: new Date(now - keptMs), $lt: new Date(now + behindMs) },
      },
      { signal, projection: { shown: 1, users: 1 } },
    )
    .sort({ rank: 1 })
    .limit(limit)
    .toArray()
  return found.map((one) => askedQuery(one, minUsers))
}

/** A request for asked queries. */
export interface ReadRequest {
  readonly form: string
  readonly minUsers: number
  readonly limit: number
  /** The time, in milliseconds. */
  readonly now: number
}

/** Writes ranked queries from a place on; one that a later gathering has written stays. */
export async function writeQueries(
  database: MongodbDatabase,
  queries: readonly RankedQuery[],
  { first, gatheredAt }: { readonly first: number; readonly gatheredAt: Date },
): Promise<void> {
  const aheadAt = new Date(gatheredAt.getTime() + everyMs)
  const isOlder = [{ gathered_at: { $lte: gatheredAt } }, { gathered_at: { $gt: aheadAt } }]
  const operations = queries.map(({ form, shown, users }, place) => ({
    replaceOne: {
      filter: { _id: form, $or: isOlder },
      replacement: { shown, users, rank: first + place, gathered_at: gatheredAt },
      upsert: true,
    },
  }))
  try {
    await database
      .collection<AskedQueryDocument>(askedCollection)
      .bulkWrite(operations, { ordered: false })
  } catch (error) {
    if (!onlyDuplicates(error)) throw error
  }
}

/** Makes MongoDB delete queries that nobody gathers any more. */
export function prepareQueries(database: MongodbDatabase): Promise<void> {
  return setRetention(database, askedCollection, { from: 'gathered_at', seconds: keptMs / 1_000 })
}

/** Whether a document with the same `_id` is there. */
export function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown }).code === 11_000
}

type Found = Pick<AskedQueryDocument, '_id' | 'users' | 'shown'>

/** A text that too few users wrote is not shown, though enough wrote another spelling. */
function askedQuery({ _id: form, users, shown }: Found, minUsers: number): AskedQuery {
  const text = shown.find((one) => one.users >= minUsers)?.text
  return text === undefined ? { query: form, users, isJoined: true } : { query: text, users }
}
