import { ServerError } from '../server-error.ts'
import { Collection } from './collection.ts'

/**
 * The data of a stand-in: databases of collections, in memory. Passed to another stand-in after the
 * first has stopped, it acts as the disk of a restarted server.
 */
export class MongodbStore {
  readonly #databases = new Map<string, Map<string, Collection>>()

  /** The names of the databases that have a collection. */
  get databaseNames(): string[] {
    return [...this.#databases.keys()]
  }

  /**
   * The collections of a database by name.
   *
   * @internal
   */
  collections(database: string): ReadonlyMap<string, Collection> {
    return this.#databases.get(database) ?? new Map<string, Collection>()
  }

  /**
   * A collection, or undefined when it does not exist.
   *
   * @internal
   */
  find(database: string, name: string): Collection | undefined {
    return this.#databases.get(database)?.get(name)
  }

  /**
   * A collection, created when it does not exist.
   *
   * @internal
   */
  open(database: string, name: string): Collection {
    const existing = this.find(database, name)
    if (existing !== undefined) return existing
    checkName(name)
    const collection = new Collection(`${database}.${name}`)
    const collections = this.#databases.get(database) ?? new Map<string, Collection>()
    collections.set(name, collection)
    this.#databases.set(database, collections)
    return collection
  }

  /**
   * Drops a collection; the dropped one, or undefined when there was none.
   *
   * @internal
   */
  drop(database: string, name: string): Collection | undefined {
    const collections = this.#databases.get(database)
    const collection = collections?.get(name)
    collections?.delete(name)
    if (collections?.size === 0) this.#databases.delete(database)
    return collection
  }

  /** Renames a collection; a collection that had the name is dropped. */
  rename(database: string, from: string, to: string): void {
    checkName(to)
    const collection = this.find(database, from)
    if (collection === undefined) return
    this.drop(database, from)
    collection.namespace = `${database}.${to}`
    const collections = this.#databases.get(database) ?? new Map<string, Collection>()
    collections.set(to, collection)
    this.#databases.set(database, collections)
  }

  /** Drops a database with all its collections. */
  dropDatabase(database: string): void {
    this.#databases.delete(database)
  }

  /** Removes the documents that TTL indexes expire by that time, and returns their number. */
  expire(nowMs: number): number {
    let removed = 0
    for (const collections of this.#databases.values()) {
      for (const collection of collections.values()) removed += collection.expire(nowMs)
    }
    return removed
  }
}

function checkName(name: string): void {
  if (
    name === '' ||
    name.startsWith('.') ||
    name.includes('$') ||
    name.includes('\0') ||
    name.startsWith('system.')
  ) {
    throw new ServerError(73, `Invalid collection name: ${name}`)
  }
}
