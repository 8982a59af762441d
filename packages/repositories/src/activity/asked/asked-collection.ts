import type { MongodbDatabase } from '../collections.ts'
import { onlyDuplicates } from '../bulk-write.ts'
import { setRetention } from '../retention.ts'
import type { AskedQuery } from './asked-query.ts'
import type { MergedQuery } from './merge-spellings.ts'

/** The queries that enough users have asked. No document names a user. */
export const askedCollection = 'search_queries'

/** A query that enough users have asked; `_id` is its form. */
interface AskedQueryDocument {
  _id: string
  query: string
  users: number
  /** Its place among all, from 0. */
  rank: number
  /** When the gathering began that found it last. */
  gathered_at: Date
}

/** When it is due to gather the queries: the one document whose `_id` is no form. */
interface DueDocument {
  _id: string
  due_at: Date
  /** The latest gathering that was completed. */
  completed_at?: Date
}

/** No form has a space. */
const dueId = ' due'

/** Queries that nobody gathers any more are gone after this time. */
const keptMs = 7 * 86_400_000

/** How long another process waits for one that gathers, which may have died. */
const leaseMs = 180_000

/** The queries whose forms begin so, first things first. The index of `_id` finds them. */
export async function readQueries(
  database: MongodbDatabase,
  { form, minUsers, limit, now }: ReadRequest,
  signal: AbortSignal,
): Promise<AskedQuery[]> {
  return database
    .collection<AskedQueryDocument>(askedCollection)
    .find(
      {
        _id: { $gte: form, $lt: `${form}\u{10ffff}` },
        users: { $gte: minUsers },
        gathered_at: { $gt: new Date(now - keptMs) },
      },
      { signal, projection: { _id: 0, query: 1, users: 1 } },
    )
    .sort({ rank: 1 })
    .limit(limit)
    .toArray()
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
  queries: readonly MergedQuery[],
  { first, gatheredAt }: { readonly first: number; readonly gatheredAt: Date },
): Promise<void> {
  const operations = queries.map(({ form, text, users }, place) => ({
    replaceOne: {
      filter: { _id: form, gathered_at: { $lte: gatheredAt } },
      replacement: { query: text, users, rank: first + place, gathered_at: gatheredAt },
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

/** Takes the turn to gather; answers until when another has it, or `undefined`. */
export async function takeTurn(
  database: MongodbDatabase,
  now: number,
): Promise<number | undefined> {
  const turns = database.collection<DueDocument>(askedCollection)
  const due = await turns.findOne({ _id: dueId })
  if (due !== null && due.due_at.getTime() > now) return due.due_at.getTime()
  const dueAt = new Date(now + leaseMs)
  try {
    const isDue = { _id: dueId, due_at: { $lte: new Date(now) } }
    await turns.updateOne(isDue, { $set: { due_at: dueAt } }, { upsert: true })
    return undefined
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return dueAt.getTime()
  }
}

/** Completes a gathering: what it and no later one has found is gone, and the next one is set. */
export async function completeGathering(
  database: MongodbDatabase,
  { gatheredAt, dueAt }: { readonly gatheredAt: Date; readonly dueAt: Date },
): Promise<void> {
  const turn = await database
    .collection<DueDocument>(askedCollection)
    .findOneAndUpdate(
      { _id: dueId },
      { $max: { due_at: dueAt, completed_at: gatheredAt } },
      { upsert: true, returnDocument: 'after' },
    )
  const latest = turn?.completed_at ?? gatheredAt
  await database.collection(askedCollection).deleteMany({ gathered_at: { $lt: latest } })
}

/** Makes MongoDB delete queries that nobody gathers any more. */
export function prepareQueries(database: MongodbDatabase): Promise<void> {
  return setRetention(database, askedCollection, { from: 'gathered_at', seconds: keptMs / 1_000 })
}

function isDuplicate(error: unknown): boolean {
  return (error as { code?: unknown }).code === 11_000
}
