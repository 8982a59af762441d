import { err, ok } from '@headwater/core'
import type { MongodbStore, Restore, Result, SqlError, StoreError, Stores } from '@headwater/core'
import type { Erasures } from '../../users/erasures.ts'
import { newPseudonym, pseudonymised, usersOf } from '../../users/pseudonymise.ts'
import type { NamingDocument } from '../../users/pseudonymise.ts'
import { insertNew } from '../bulk-write.ts'
import { setAsideOf } from '../collections.ts'
import type { CollectionName } from '../collections.ts'
import { indexDeadlineMs, prepareSetAside } from '../prepare-collections.ts'
import type { Retention } from '../retention.ts'
import { selectUsersOf } from './set-aside-queries.ts'

/** Why, and when, a document was set aside. */
export interface SetAside {
  readonly reason: 'of a future that was lost'
  readonly restored_to: Date
  readonly at: Date
}

/** The documents to set aside. */
export interface ToSetAside {
  readonly collection: CollectionName
  readonly ids: readonly string[]
}

/** What became of documents. */
export interface Moved {
  readonly moved: number
  /** Those that MongoDB refused to copy, and that stay where they are. */
  readonly left: number
}

/** Dependencies of {@link SetAsides}. */
export interface SetAsidesDeps {
  readonly stores: Pick<Stores, 'postgres' | 'clock'>
  readonly mongodb: MongodbStore
  readonly erasures: Erasures
  readonly retention: Retention
  readonly restore: Restore
}

/**
 * Moves documents of a lost future to where no reader finds them. Users who are registered can
 * still be erased in them. Nobody can ask for the erasure of the others, and their ids are assigned
 * again: they are pseudonymised at once.
 */
export class SetAsides {
  readonly #deps: SetAsidesDeps
  readonly #stamp: SetAside
  readonly #prepared = new Set<CollectionName>()
  /** Pseudonyms of the users who are not registered. */
  readonly #pseudonyms = new Map<number, number>()

  constructor(deps: SetAsidesDeps) {
    const { stores, restore } = deps
    this.#deps = deps
    this.#stamp = {
      reason: 'of a future that was lost',
      restored_to: restore.restoredTo,
      at: new Date(stores.clock.now()),
    }
  }

  /**
   * Copies documents, then removes them: after a crash in between they are copied once. Those that
   * MongoDB refuses to copy stay. Three round trips of MongoDB and two of PostgreSQL.
   */
  async move({ collection, ids }: ToSetAside): Promise<Result<Moved, SqlError | StoreError>> {
    const { mongodb, erasures } = this.#deps
    const prepared = await this.#prepare(collection)
    if (prepared.isErr()) return err(prepared.error)
    const read = await mongodb.run('read lost documents', (database) =>
      database
        .collection<NamingDocument>(collection)
        .find({ _id: { $in: [...ids] } })
        .toArray(),
    )
    if (read.isErr()) return err(read.error)
    const users = [...new Set(read.value.flatMap(usersOf))]
    const named = await this.#nameStrangers(users)
    if (named.isErr()) return err(named.error)
    const moved = await this.#replace(collection, read.value)
    if (moved.isErr()) return err(moved.error)
    // Whoever was deleted in the meantime was erased before the copy was there.
    const followed = await erasures.follow(users)
    if (followed.isErr()) erasures.followSoon(users)
    return followed.map(() => moved.value)
  }

  async #replace(
    collection: CollectionName,
    documents: readonly NamingDocument[],
  ): Promise<Result<Moved, StoreError>> {
    const copies = documents.map((document) => ({
      ...pseudonymised(document, this.#pseudonyms),
      set_aside: this.#stamp,
    }))
    return this.#deps.mongodb.run('set aside', async (database) => {
      const refused = await insertNew(database, setAsideOf(collection), copies)
      const left = new Set(refused.map(({ id }) => id))
      const copied = documents.map(({ _id: id }) => id).filter((id) => !left.has(id))
      await database.collection<NamingDocument>(collection).deleteMany({ _id: { $in: copied } })
      return { moved: copied.length, left: left.size }
    })
  }

  /** Gives pseudonyms to those of these users whom the restored rows do not have. */
  async #nameStrangers(users: readonly number[]): Promise<Result<void, SqlError>> {
    const { stores, restore } = this.#deps
    const unknown = users.filter((id) => !this.#pseudonyms.has(id))
    if (unknown.length === 0) return ok(undefined)
    return stores.postgres
      .query<{ id: number }>(selectUsersOf, [unknown, restore.restoredTo])
      .map(({ rows }) => {
        const registered = new Set(rows.map(({ id }) => id))
        for (const id of unknown) if (!registered.has(id)) this.#pseudonyms.set(id, newPseudonym())
      })
  }

  async #prepare(collection: CollectionName): Promise<Result<void, StoreError>> {
    if (this.#prepared.has(collection)) return ok(undefined)
    const { mongodb, retention } = this.#deps
    const prepared = await mongodb.run(
      'prepare to set aside',
      (database) => prepareSetAside(database, collection, retention),
      { deadlineMs: indexDeadlineMs },
    )
    return prepared.map(() => void this.#prepared.add(collection))
  }
}
