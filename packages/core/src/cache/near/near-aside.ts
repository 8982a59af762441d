import type { CacheKey } from '../../cache-key.ts'
import type { Abortable } from '../../call-options.ts'
import { okAsync, type ResultAsync } from '../../result.ts'
import type { Cache, CacheReadError, ReadOptions } from '../cache.ts'
import { type Answer, noAnswer } from '../memo/entry-reader.ts'
import type { RowKeys } from '../row-keys.ts'
import type { NearAudit } from './near-audit.ts'
import type { NearCache } from './near-cache.ts'

/** Dependencies of a {@link NearAside}. */
export interface NearAsideDeps<Id, Value> {
  /** Answers what is not kept. */
  readonly behind: Cache<Id, Value>
  readonly near: NearCache<Value>
  readonly keys: RowKeys<Id>
  /** Compares hits with their source. */
  readonly audit: NearAudit<Id, Value> | undefined
}

/** A cache that answers from what this process keeps, and asks the one behind it for the rest. */
export class NearAside<Id, Value> implements Cache<Id, Value> {
  readonly #behind: Cache<Id, Value>
  readonly #near: NearCache<Value>
  readonly #keys: RowKeys<Id>
  readonly #audit: NearAudit<Id, Value> | undefined

  constructor({ behind, near, keys, audit }: NearAsideDeps<Id, Value>) {
    this.#behind = behind
    this.#near = near
    this.#keys = keys
    this.#audit = audit
  }

  get name(): string {
    return this.#behind.name
  }

  key(id: Id): CacheKey {
    return this.#behind.key(id)
  }

  get(id: Id, options?: ReadOptions): ResultAsync<Value | undefined, CacheReadError> {
    const value = mayAnswer(options) ? this.#read(id) : noAnswer
    return value === noAnswer ? this.#behind.get(id, options) : okAsync(value)
  }

  getMany(ids: readonly Id[], options?: ReadOptions): ResultAsync<Map<Id, Value>, CacheReadError> {
    if (!mayAnswer(options)) return this.#behind.getMany(ids, options)
    const near = ids.map((id) => this.#read(id))
    const rest = ids.filter((_, at) => near[at] === noAnswer)
    const read = rest.length === 0 ? noneOf<Id, Value>() : this.#behind.getMany(rest, options)
    return read.map((values) => {
      const found = new Map<Id, Value>()
      for (const [at, id] of ids.entries()) {
        const answer = near[at]
        const value = answer === noAnswer ? values.get(id) : answer
        if (value !== undefined) found.set(id, value)
      }
      return found
    })
  }

  refresh(id: Id, options?: Abortable): ResultAsync<Value | undefined, CacheReadError> {
    return this.#behind.refresh(id, options)
  }

  peek(id: Id): Value | undefined {
    const key = this.#keys.lookupKeyOf(id)
    return key === undefined ? undefined : this.#near.peek(key)
  }

  #read(id: Id): Answer<Value> {
    const key = this.#keys.lookupKeyOf(id)
    if (key === undefined) return noAnswer
    const value = this.#near.read(key)
    if (value !== noAnswer) this.#audit?.hit(id, key)
    return value
  }
}

function mayAnswer(options: ReadOptions | undefined): boolean {
  return options === undefined || (options.tx === undefined && options.signal?.aborted !== true)
}

function noneOf<Id, Value>(): ResultAsync<Map<Id, Value>, CacheReadError> {
  return okAsync(new Map<Id, Value>())
}
