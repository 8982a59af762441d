import type { Filter } from 'mongodb'
import type { MongodbDatabase } from '../collections.ts'
import { askedCollection, everyMs, isDuplicate } from './asked-collection.ts'

/** When it is due to gather the queries: the one document whose `_id` is no form. */
interface DueDocument {
  _id: string
  due_at: Date
  /** The latest gathering that was completed. */
  completed_at?: Date
}

/** No form has a space. */
const dueId = ' due'

/** How long another process waits for one that gathers, which may have died. */
export const leaseMs = 180_000

/** A gathering that begins, or that another process has the turn for. */
export interface Turn {
  /** The time of the server, whose clock is one for all processes. */
  readonly nowMs: number
  /** Orders the gatherings: later than all that were completed. */
  readonly gatheredAt: Date
  /** Until when the turn is taken, or when the queries are due. */
  readonly dueAt: Date
  readonly isTaken: boolean
}

/** Begins a gathering; with `onlyIfDue` not where another process has the turn, or had it. */
export async function beginTurn(
  database: MongodbDatabase,
  { onlyIfDue, ownMs }: { readonly onlyIfDue: boolean; readonly ownMs: number },
): Promise<Turn> {
  const nowMs = await serverTime(database, ownMs)
  const due = await database.collection<DueDocument>(askedCollection).findOne({ _id: dueId })
  const completedMs = due?.completed_at?.getTime() ?? -Infinity
  // A server may have taken over whose clock is behind. What is far ahead was never true.
  const after = completedMs > nowMs + everyMs ? -Infinity : completedMs
  const gatheredAt = new Date(Math.max(nowMs, after + 1))
  const turn = { nowMs, gatheredAt, dueAt: new Date(nowMs + leaseMs), isTaken: true }
  if (!onlyIfDue) return turn
  if (due !== null && !isDueAt(due, nowMs)) return { ...turn, dueAt: due.due_at, isTaken: false }
  return { ...turn, isTaken: await takeTurn(database, turn) }
}

/** Sets when the queries are due after a gathering that failed, unless others have set it. */
export async function postponeTurn(database: MongodbDatabase, turn: Turn): Promise<void> {
  await database
    .collection<DueDocument>(askedCollection)
    .updateOne(
      { _id: dueId, due_at: turn.dueAt },
      { $set: { due_at: new Date(turn.nowMs + everyMs) } },
    )
}

/** Completes a gathering: what it and no later one has found is gone, and the next one is set. */
export async function completeTurn(
  database: MongodbDatabase,
  { nowMs, gatheredAt }: Pick<Turn, 'nowMs' | 'gatheredAt'>,
): Promise<void> {
  const aheadAt = new Date(gatheredAt.getTime() + everyMs)
  const isLatest: Filter<DueDocument> = {
    _id: dueId,
    $nor: [{ completed_at: { $gt: gatheredAt, $lte: aheadAt } }],
  }
  const completed = { due_at: new Date(nowMs + everyMs), completed_at: gatheredAt }
  await upsert(database, isLatest, completed)
  const turn = await database.collection<DueDocument>(askedCollection).findOne({ _id: dueId })
  const latest = turn?.completed_at ?? gatheredAt
  await database.collection(askedCollection).deleteMany({
    $or: [{ gathered_at: { $lt: latest } }, { gathered_at: { $gt: aheadAt } }],
  })
}

function isDueAt({ due_at: dueAt }: DueDocument, nowMs: number): boolean {
  return dueAt.getTime() <= nowMs || dueAt.getTime() > nowMs + 2 * everyMs
}

function takeTurn(database: MongodbDatabase, { nowMs, dueAt }: Turn): Promise<boolean> {
  const isDue = [
    { due_at: { $lte: new Date(nowMs) } },
    { due_at: { $gt: new Date(nowMs + 2 * everyMs) } },
  ]
  return upsert(database, { _id: dueId, $or: isDue }, { due_at: dueAt })
}

/** Whether the document was written: another one may be there that does not match. */
async function upsert(
  database: MongodbDatabase,
  filter: Filter<DueDocument>,
  $set: Partial<DueDocument>,
): Promise<boolean> {
  try {
    const turns = database.collection<DueDocument>(askedCollection)
    await turns.updateOne(filter, { $set }, { upsert: true })
    return true
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return false
  }
}

async function serverTime(database: MongodbDatabase, ownMs: number): Promise<number> {
  const { localTime } = (await database.command({ hello: 1 })) as { readonly localTime?: unknown }
  return localTime instanceof Date ? localTime.getTime() : ownMs
}
