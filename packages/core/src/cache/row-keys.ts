import { cacheKey, type CacheKey } from '../cache-key.ts'
import type { CheckedOptions } from './checked-options.ts'

/** One row that a reader asks for. */
export interface Row<Id> {
  /** The id, as the caller passed it. */
  readonly id: Id
  /** Its key in Redis, with the prefix. */
  readonly key: string
}

/** Names the entries of one cache. */
export class RowKeys<Id> {
  readonly #options: Pick<CheckedOptions<Id, unknown>, 'key' | 'keyName'>
  readonly #prefix: string
  readonly #plainPrefix: string

  /** `prefix` precedes every key in Redis. */
  constructor(options: Pick<CheckedOptions<Id, unknown>, 'key' | 'keyName'>, prefix: string) {
    this.#options = options
    this.#prefix = prefix
    this.#plainPrefix = `${prefix}${options.keyName}:`
  }

  /** The key of an id, without the prefix. */
  keyOf(id: Id): CacheKey {
    return cacheKey(this.#options.keyName, ...(this.#options.key?.(id) ?? [String(id)]))
  }

  /** The row of an id. Safe integers, which most ids are, need no encoding. */
  rowOf(id: Id): Row<Id> {
    const isPlain = this.#options.key === undefined && Number.isSafeInteger(id)
    return {
      id,
      key: isPlain ? this.#plainPrefix + String(id) : this.#prefix + this.keyOf(id).text,
    }
  }
}

/** Rows without those that an earlier row of the same key precedes. */
export function distinctRows<Id>(rows: readonly Row<Id>[]): readonly Row<Id>[] {
  const seen = new Set<string>()
  return rows.filter(({ key }) => !seen.has(key) && seen.add(key))
}
