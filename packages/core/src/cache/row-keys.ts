import { cacheKey, type CacheKey } from '../cache-key.ts'
import type { LoadFailed } from './cache.ts'
import type { CheckedOptions } from './checked-options.ts'
import { loadFailed } from './codec.ts'

/** One row that a reader asks for. */
export interface Row<Id> {
  /** The id, as the caller passed it. */
  readonly id: Id
  /** Its key in Redis, with the prefix. */
  readonly key: string
  /** The keys of its tags in Redis, with the prefix. */
  readonly tags: readonly string[]
}

/**
 * What a value is kept under in memory: the id where it is a safe integer, which is found without
 * making a text; otherwise the key in Redis.
 */
export type LookupKey = string | number

type KeyOptions<Id> = Pick<CheckedOptions<Id, unknown>, 'name' | 'key' | 'keyName' | 'tags'>

const noTags: readonly string[] = []
const mostTags = 16

/** Names the entries of one cache. */
export class RowKeys<Id> {
  readonly #options: KeyOptions<Id>
  readonly #prefix: string
  readonly #plainPrefix: string

  /** `prefix` precedes every key in Redis. */
  constructor(options: KeyOptions<Id>, prefix: string) {
    this.#options = options
    this.#prefix = prefix
    this.#plainPrefix = `${prefix}${options.keyName}:`
  }

  /**
   * The key of an id, without the prefix.
   *
   * @throws TypeError when the cache has no `key` and the id is an object, or when `key` returns no
   * parts. RangeError when the key is too long.
   */
  keyOf(id: Id): CacheKey {
    return cacheKey(this.#options.keyName, ...this.#partsOf(id))
  }

  /** The row of an id, or the failure of every read of it. */
  rowOf(id: Id): Row<Id> | LoadFailed {
    try {
      const key = this.#keyInRedis(id)
      return { id, key, tags: this.#tagsOf(id, key) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return loadFailed(this.#options.name, `the id has no key: ${reason}`)
    }
  }

  /** What the value of an id is kept under in memory; `undefined` for an id without a key. */
  lookupKeyOf(id: Id): LookupKey | undefined {
    if (this.#options.key === undefined && Number.isSafeInteger(id)) return id as number
    try {
      return this.lookupKeyIn(this.#keyInRedis(id))
    } catch {
      return undefined
    }
  }

  /** The same, from the key in Redis. */
  lookupKeyIn(key: string): LookupKey {
    if (!key.startsWith(this.#plainPrefix)) return key
    const text = key.slice(this.#plainPrefix.length)
    const id = Number(text)
    return Number.isSafeInteger(id) && String(id) === text ? id : key
  }

  /** The rows of ids, or the failure of the first id without a key. */
  rowsOf(ids: readonly Id[]): Row<Id>[] | LoadFailed {
    const rows: Row<Id>[] = []
    for (const id of ids) {
      const row = this.rowOf(id)
      if (isRefused(row)) return row
      rows.push(row)
    }
    return rows
  }

  /** Safe integers, which most ids are, need no encoding. */
  #keyInRedis(id: Id): string {
    return this.#options.key === undefined && Number.isSafeInteger(id)
      ? this.#plainPrefix + String(id)
      : this.#prefix + this.keyOf(id).text
  }

  #partsOf(id: Id): readonly (string | number)[] {
    if (this.#options.key === undefined) return [textOf(id)]
    const parts = this.#options.key(id)
    if (parts.length === 0) throw new TypeError('`key` returned no parts')
    return parts
  }

  /** An entry needs no tag of its own key: invalidating that key invalidates the entry. */
  #tagsOf(id: Id, key: string): readonly string[] {
    if (this.#options.tags === undefined) return noTags
    const tags = this.#options.tags(id).map(({ text }) => this.#prefix + text)
    if (tags.length > mostTags)
      throw new RangeError(`an entry has at most ${mostTags} tags: got ${tags.length}`)
    return tags.filter((tag) => tag !== key)
  }
}

/** Whether an id has no key. */
export function isRefused<Rows extends object>(rows: Rows | LoadFailed): rows is LoadFailed {
  return 'retryable' in rows
}

/** Rows without those that an earlier row of the same key precedes. */
export function distinctRows<Id>(rows: readonly Row<Id>[]): readonly Row<Id>[] {
  const seen = new Set<string>()
  return rows.filter(({ key }) => !seen.has(key) && seen.add(key))
}

/** The values of rows by their ids, without `undefined`. */
export function valuesById<Id, Value>(
  rows: readonly Row<Id>[],
  values: readonly (Value | undefined)[],
): Map<Id, Value> {
  const found = new Map<Id, Value>()
  for (let index = 0; index < rows.length; index += 1) {
    const value = values[index]
    if (value !== undefined) found.set((rows[index] as Row<Id>).id, value)
  }
  return found
}

/** `String` makes the same text of all objects, and of different dates. */
function textOf(id: unknown): string {
  if (typeof id === 'string' || typeof id === 'number') return String(id)
  if (typeof id === 'bigint' || typeof id === 'boolean') return String(id)
  const kind = id === null ? 'null' : typeof id
  throw new TypeError(`an id of type ${kind} needs the option \`key\``)
}
