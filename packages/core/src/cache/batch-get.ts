import type { RedisClientType } from '@redis/client'
import type { Clock } from '../clock.ts'
import type { Stores } from '../connect/stores.ts'
import type { StoreError } from '../errors.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
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
 * Limits of one command. A longer one would occupy the server and the connection for too long: its
 * own deadline, and the commands of other callers, would not be met.
 */
const commandLimits = { keys: 500, characters: 256 * 1024 }
const fewestKeys = 10

/**
 * Reads keys. Those that are asked for in one turn of the event loop share one MGET; many or long
 * entries take several, one after the other.
 */
export class BatchGet {
  readonly #redis: RedisStore
  readonly #invalidation: Invalidation
  readonly #clock: Clock
  #open: Batch | undefined
  /** Length of an entry, as far as is known: the longest mean of late, in characters. */
  #entryLength = 2_048

  constructor({ redis, invalidation, clock }: Pick<Stores, 'redis' | 'invalidation' | 'clock'>) {
    this.#redis = redis
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
    process.nextTick(() => {
      this.#open = undefined
      resolve(this.#send(batch.keys))
    })
    return batch
  }

  async #send(keys: readonly string[]): Promise<BatchReply> {
    const redis = this.#redis
    const { cacheId } = this.#invalidation
    let values: (string | null)[] = []
    while (values.length < keys.length) {
      const part = keys.slice(values.length, values.length + this.#keysPerCommand)
      const reply = await redis.run('get', (client) =>
        part.length === 1 ? getOne(client, part) : client.mGet(part),
      )
      if (reply.isErr())
        return { values: [], cacheId: undefined, at: this.#now, error: reply.error }
      this.#learnFrom(reply.value)
      values = values.length === 0 ? reply.value : values.concat(reply.value)
    }
    const isSame = this.#invalidation.cacheId === cacheId
    return { values, cacheId: isSame ? cacheId : undefined, at: this.#now }
  }

  get #now(): string {
    return digits(this.#clock.now())
  }

  get #keysPerCommand(): number {
    const { keys, characters } = commandLimits
    return Math.max(fewestKeys, Math.min(keys, Math.floor(characters / this.#entryLength)))
  }

  #learnFrom(values: readonly (string | null)[]): void {
    let characters = 0
    let entries = 0
    for (const value of values) {
      if (value === null) continue
      characters += value.length
      entries += 1
    }
    if (entries > 0) this.#entryLength = Math.max(1, characters / entries, this.#entryLength * 0.95)
  }
}

/** A plain GET, which is cheaper than an MGET. Like MGET it finds nothing in a list or a set. */
async function getOne(
  client: RedisClientType,
  [key]: readonly string[],
): Promise<(string | null)[]> {
  try {
    return [await client.get(key as string)]
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return [null]
    throw error
  }
}
