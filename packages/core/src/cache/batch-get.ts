import type { Clock } from '../clock.ts'
import type { Stores } from '../connect/stores.ts'
import type { StoreError } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { Result } from '../result.ts'
import { KeyReader } from '../stores/redis/reads/key-reader.ts'
import { digits } from './entry.ts'

/** The reply to keys that were read together. */
export interface BatchReply {
  /** The text of each key, by slot. */
  readonly values: readonly (string | null)[]
  /** What may be trusted of them; `undefined` when that changed before the reply. */
  readonly cacheId: string | undefined
  /** The moment of the reply, as thirteen digits of milliseconds since the epoch. */
  readonly at: string
  /** The failure, when there are no values. */
  readonly error?: StoreError
}

/** Keys that are read together. */
export class Batch {
  /** The keys by slot. */
  readonly keys: string[] = []
  /** The reply. Never rejects. */
  readonly reply: Promise<BatchReply>
  #slots: Map<string, number> | undefined

  constructor(reply: Promise<BatchReply>) {
    this.reply = reply
  }

  /** Adds a key and returns its slot. */
  slotOf(key: string): number {
    const { keys } = this
    if (keys.length === 0) return keys.push(key) - 1
    // Most batches have one caller and need no map.
    this.#slots ??= new Map(keys.map((one, slot) => [one, slot]))
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    this.#slots.set(key, keys.length)
    return keys.push(key) - 1
  }

  /** Adds keys and returns their slots. */
  slotsOf(keys: readonly string[]): readonly number[] {
    return this.keys.length > 0
      ? keys.map((key) => this.slotOf(key))
      : keys.map((key) => this.keys.push(key) - 1)
  }
}

/**
 * Reads keys. Those that are asked for in one turn of the event loop share one MGET, with those of
 * other caches; many or long entries take several, one after the other.
 */
export class BatchGet {
  readonly #reader: KeyReader
  readonly #invalidation: Invalidation
  readonly #clock: Clock
  #open: Batch | undefined

  constructor({ redis, invalidation, clock }: Pick<Stores, 'redis' | 'invalidation' | 'clock'>) {
    this.#reader = new KeyReader(redis, 'get')
    this.#invalidation = invalidation
    this.#clock = clock
  }

  /** The batch that is sent at the end of this turn of the event loop. */
  get batch(): Batch {
    this.#open ??= this.#begin()
    return this.#open
  }

  #begin(): Batch {
    const { promise, resolve } = Promise.withResolvers<BatchReply>()
    const batch = new Batch(promise)
    const { reads, cacheId } = this.#invalidation
    reads.add({
      reader: this.#reader,
      keys: batch.keys,
      onSent: () => {
        this.#open = undefined
      },
      onReply: (read) => {
        resolve(this.#replyOf(read, cacheId))
      },
    })
    return batch
  }

  /** `idBefore` is the cache id from before the keys were sent. */
  #replyOf(
    read: Result<readonly (string | null)[], StoreError>,
    idBefore: string | undefined,
  ): BatchReply {
    const at = digits(this.#clock.now())
    if (read.isErr()) return { values: [], cacheId: undefined, at, error: read.error }
    const isSame = this.#invalidation.cacheId === idBefore
    return { values: read.value, cacheId: isSame ? idBefore : undefined, at }
  }
}
