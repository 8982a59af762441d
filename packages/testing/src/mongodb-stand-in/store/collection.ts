import { ObjectId } from 'bson'
import { Engine } from '../engine/engine.ts'
import { ServerError } from '../server-error.ts'
import { valueKey } from '../values/compare.ts'
import { bsonType, type Document, fieldOf, isDocument, setField } from '../values/document.ts'
import { toNumber } from '../values/number.ts'
import { valuesAt } from '../values/path.ts'
import {
  idIndex,
  identityOf,
  type IndexSpecification,
  parseIndexSpecification,
  sameOptions,
} from './index-specification.ts'
import { duplicateKey, equalityOf, UniqueIndex } from './unique-index.ts'

/**
 * The documents of one collection in the order of insertion, and its indexes. Stored documents are
 * immutable, so readers may keep them. Each write checks all unique indexes before it changes
 * anything.
 */
export class Collection {
  namespace: string
  readonly #documents = new Map<string, Document>()
  readonly #specifications = new Map<string, IndexSpecification>([[idIndex.name, idIndex]])
  readonly #unique = new Map<string, UniqueIndex>()

  constructor(namespace: string) {
    this.namespace = namespace
  }

  /** The number of documents. */
  get size(): number {
    return this.#documents.size
  }

  /** The indexes, the one on `_id` first. */
  get indexes(): IndexSpecification[] {
    return [...this.#specifications.values()]
  }

  /** All documents. */
  all(): Document[] {
    return [...this.#documents.values()]
  }

  /**
   * The documents that may match a filter, in the order of insertion: few when the filter fixes
   * `_id` or a unique key.
   */
  candidates(filter: Document): Document[] {
    const ids = this.#idsFor(filter)
    if (ids === undefined) return this.all()
    return ids.map((id) => this.#documents.get(id)).filter((document) => document !== undefined)
  }

  /** Inserts a document, giving it an `_id` when it has none; returns it as stored. */
  insert(given: Document): Document {
    const document = withId(given)
    const id = keyOf(document)
    if (this.#documents.has(id)) throw duplicateKey(idIndex, [document['_id']], this.namespace)
    for (const index of this.#unique.values()) index.check(document, id, this.namespace)
    for (const index of this.#unique.values()) index.add(document, id)
    this.#documents.set(id, document)
    return document
  }

  /** Replaces the stored document with the same `_id`. */
  replace(before: Document, after: Document): void {
    const id = keyOf(before)
    if (keyOf(after) !== id) {
      throw new ServerError(
        66,
        `Performing an update on the path '_id' would modify the immutable field '_id'`,
      )
    }
    for (const index of this.#unique.values()) index.check(after, id, this.namespace)
    for (const index of this.#unique.values()) {
      index.remove(before)
      index.add(after, id)
    }
    this.#documents.set(id, after)
  }

  /** Removes a stored document. */
  remove(document: Document): void {
    for (const index of this.#unique.values()) index.remove(document)
    this.#documents.delete(keyOf(document))
  }

  /** Removes all documents and keeps the indexes. */
  clear(): void {
    for (const index of this.#unique.values()) index.clear()
    this.#documents.clear()
  }

  /**
   * Creates an index; returns false when the same index exists. Fails with 85 or 86 when it
   * conflicts with another index, and with 11000 when documents share a key of a unique index; a
   * failure changes nothing.
   */
  createIndex(specification: IndexSpecification): boolean {
    if (this.#exists(specification)) return false
    if (specification.unique === true)
      this.#unique.set(specification.name, this.#build(specification))
    else if (specification.partialFilterExpression !== undefined)
      new Engine().filter(specification.partialFilterExpression)
    this.#specifications.set(specification.name, specification)
    return true
  }

  /** Drops an index by name. The one on `_id` stays. */
  dropIndex(name: string): void {
    if (name === idIndex.name) throw new ServerError(72, 'cannot drop _id index')
    if (!this.#specifications.delete(name))
      throw new ServerError(27, `index not found with name [${name}]`)
    this.#unique.delete(name)
  }

  /**
   * Changes the seconds after which the documents of a TTL index expire, and returns the previous
   * value.
   */
  setExpiry(name: string, expireAfterSeconds: unknown): unknown {
    const index = this.#specifications.get(name)
    if (index === undefined)
      throw new ServerError(27, `cannot find index ${name} for ns ${this.namespace}`)
    this.#specifications.set(name, parseIndexSpecification({ ...index, expireAfterSeconds }))
    return index.expireAfterSeconds
  }

  /** Removes the documents that TTL indexes expire by that time, and returns their number. */
  expire(nowMs: number): number {
    const expiring = this.indexes.filter(
      ({ expireAfterSeconds }) => expireAfterSeconds !== undefined,
    )
    const expired = new Set(
      expiring.flatMap((index) =>
        this.all().filter((document) => hasExpired(document, index, nowMs)),
      ),
    )
    for (const document of expired) this.remove(document)
    return expired.size
  }

  #idsFor(filter: Document): string[] | undefined {
    const condition = fieldOf(filter, '_id')
    const id = equalityOf(condition)
    if (id !== undefined) return [valueKey(id)]
    if (isDocument(condition) && Array.isArray(condition['$in'])) return idsIn(condition['$in'])
    for (const index of this.#unique.values()) {
      const owner = index.lookup(filter)
      if (owner !== undefined) return owner === null ? [] : [owner]
    }
    return undefined
  }

  #exists(specification: IndexSpecification): boolean {
    const named = this.#specifications.get(specification.name)
    const same = this.indexes.find((index) => identityOf(index) === identityOf(specification))
    if (named !== undefined && named !== same) {
      throw conflict(86, 'An existing index has the same name as the requested index', named)
    }
    if (same !== undefined && named === undefined) {
      if (same.name === idIndex.name) return true
      throw conflict(85, 'Index already exists with a different name', same)
    }
    if (same !== undefined && !sameOptions(same, specification)) {
      throw conflict(85, 'An equivalent index already exists with different options', same)
    }
    return same !== undefined
  }

  #build(specification: IndexSpecification): UniqueIndex {
    const index = new UniqueIndex(specification)
    for (const [id, document] of this.#documents) {
      index.check(document, id, this.namespace)
      index.add(document, id)
    }
    return index
  }
}

function keyOf(document: Document): string {
  return valueKey(document['_id'])
}

function withId(document: Document): Document {
  const id = fieldOf(document, '_id')
  if (Array.isArray(id) || id instanceof RegExp || bsonType(id) === 'BSONRegExp') {
    throw new ServerError(2, `The '_id' value cannot be of type array or regex`)
  }
  if (id !== undefined && Object.keys(document)[0] === '_id') return document
  const ordered: Document = { _id: id === undefined ? new ObjectId() : id }
  for (const key of Object.keys(document)) if (key !== '_id') setField(ordered, key, document[key])
  return ordered
}

function idsIn(values: unknown[]): string[] | undefined {
  if (values.some((value) => equalityOf(value) === undefined)) return undefined
  return [...new Set(values.map(valueKey))]
}

function conflict(code: 85 | 86, message: string, existing: IndexSpecification): ServerError {
  return new ServerError(code, `${message}: ${existing.name}`)
}

function hasExpired(document: Document, index: IndexSpecification, nowMs: number): boolean {
  const [path = ''] = Object.keys(index.key)
  const times = valuesAt(document, path)
    .flat()
    .filter((value) => value instanceof Date)
    .map((date) => date.getTime())
  if (times.length === 0) return false
  const covered =
    index.partialFilterExpression === undefined ||
    new Engine().filter(index.partialFilterExpression)(document)
  return covered && Math.min(...times) + (toNumber(index.expireAfterSeconds) ?? 0) * 1000 <= nowMs
}
