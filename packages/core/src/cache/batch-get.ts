import type { RedisClientType } from 'redis'
import type { Clock } from '../clock.ts'
import type { StoreError } from '../errors.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Stores } from '../connect/stores.ts'
import { digits } from './entry.ts'

/** The reply to keys that were read together. */
export interface BatchReply {
  /** The text of each key, by slot. */
  readonly values: readonly (string | null)[]
  /** The server that replied; `undefined` when the connection changed before the reply. */
  readonly runId: string | undefined
  /** The moment of the reply, as thirteen digits of milliseconds since the epoch. */
  readonly at: string
  /** The failure, when there are no values. */
  readonly error?: StoreError
}

/** Keys that one command reads. */
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

/** Most keys of one MGET: a longer one would occupy the server for too long. */
export const maxKeys = 500

/** Reads keys: those that are asked for in one turn of the event loop share one MGET. */
export class BatchGet {
  readonly #redis: RedisStore
  readonly #clock: Clock
  #open: Batch | undefined

  constructor({ redis, clock }: Pick<Stores, 'redis' | 'clock'>) {
    this.#redis = redis
    this.#clock = clock
  }

  /** The batch that is sent at the end of this turn of the event loop. */
  get batch(): Batch {
    if (this.#open === undefined || this.#open.keys.length >= maxKeys) this.#open = this.#begin()
    return this.#open
  }

  #begin(): Batch {
    const { promise, resolve } = Promise.withResolvers<BatchReply>()
    const batch = new Batch(promise)
    process.nextTick(() => {
      if (this.#open === batch) this.#open = undefined
      resolve(this.#send(batch.keys))
    })
    return batch
  }

  async #send(keys: string[]): Promise<BatchReply> {
    const redis = this.#redis
    const runId = redis.runId
    const reply = await redis.run('get', (client) =>
      keys.length === 1 ? getOne(client, keys) : client.mGet(keys),
    )
    const at = digits(this.#clock.now())
    if (reply.isErr()) return { values: [], runId: undefined, at, error: reply.error }
    return { values: reply.value, runId: redis.runId === runId ? runId : undefined, at }
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
