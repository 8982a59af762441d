import { err, leastIdAt, ok } from '@headwater/core'
import type { Failure, MongodbStore, Restore, RestoredLog, Result } from '@headwater/core'
import type { Document } from 'mongodb'
import type { CollectionName } from '../collections.ts'
import type { Moved } from './set-aside.ts'

/** A look through one collection for documents of a lost future. */
export interface Sweep {
  readonly collection: CollectionName
  /** What the documents are, in words. */
  readonly what: string
  /** The documents that may be of a lost future. */
  readonly range: Document
  /** Whether a document of the range belongs to the restored truth all the same. */
  readonly isKept: (id: string) => boolean
}

/** Documents of one look, and of one move. */
const pageSize = 1_000

/**
 * The looks that find every document of a lost future.
 *
 * A document of an event has the event's id, which begins with the time: where the restored log
 * lacks it, the event was never published. What is recorded beside the log (activity, searches) has
 * no evidence, and goes too: it may be of a user whose id is assigned again, or of an event that
 * looks like it. That includes the margin before the restored moment.
 */
export function sweepsOf({ since, openedAt }: Restore, log: RestoredLog): readonly Sweep[] {
  const range = { _id: { $gte: leastIdAt(since), $lt: leastIdAt(openedAt) } }
  const isKept = (id: string): boolean => log.has(id)
  return [
    { collection: 'user_activity', what: 'activities', range, isKept },
    { collection: 'enrollment_events', what: 'enrollment events', range, isKept },
    {
      collection: 'search_logs',
      what: 'searches',
      range: { timestamp: { $gte: since, $lt: openedAt } },
      isKept: () => false,
    },
  ]
}

/**
 * Goes through the documents of a range in the order of their ids, and hands those that are lost to
 * `move`. Returns what became of them. One round trip per 1,000 documents of the range.
 */
export async function sweep(
  mongodb: MongodbStore,
  { collection, range, isKept }: Sweep,
  move: (ids: readonly string[]) => Promise<Result<Moved, Failure<string>>>,
): Promise<Result<Moved, Failure<string>>> {
  let [moved, left] = [0, 0]
  for (let after = ''; ;) {
    const page = await mongodb.run('find lost documents', (database) =>
      database
        .collection<{ _id: string }>(collection)
        .find(
          { $and: [range, { _id: { $gt: after } }] },
          { projection: { _id: 1 }, sort: { _id: 1 }, limit: pageSize },
        )
        .toArray(),
    )
    if (page.isErr()) return err(page.error)
    const ids = page.value.map(({ _id: id }) => id).filter((id) => !isKept(id))
    const done = ids.length === 0 ? ok({ moved: 0, left: 0 }) : await move(ids)
    if (done.isErr()) return err(done.error)
    moved += done.value.moved
    left += done.value.left
    if (page.value.length < pageSize) return ok({ moved, left })
    after = page.value.at(-1)?._id ?? ''
  }
}
