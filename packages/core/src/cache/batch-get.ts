import type { RedisClientType } from 'redis'
import type { Clock } from '../clock.ts'
import type { StoreError } from '../errors.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Stores } from '../connect/stores.ts'
import { digits } from './entry.ts'

/** What became of the keys that were asked for together. */
export interface BatchReply {
  /** What each key holds, by slot. */
  readonly values: readonly (string | null)[]
  /**
   * The server that said so; `undefined` when the connection changed meanwhile, or when none of
   * this can be trusted.
   */
  readonly runId: string | undefined
  /** When it came, as thirteen digits of milliseconds since the epoch. */
  readonly at: string
  /** Why there are no values. */
  readonly error?: StoreError
}

/** Keys that travel together. */
export class Batch {
  /** The keys by slot. */
  readonly keys: string[] = []
  /** What Redis said about them, or that it did not; never rejects. */
  readonly reply: Promise<BatchReply>
  #slots: Map<string, number> | undefined

  constructor(reply: Promise<BatchReply>) {
    this.reply = reply
  }

  /** Takes a key along and gives back its slot. */
  slotOf(key: string): number {
    const { keys } = this
    if (keys.length === 0) return keys.push(key) - 1
    // Most batches are of one caller and need no index.
    this.#slots ??= new Map(keys.map((one, slot) => [one, slot]))
    const known = this.#slots.get(key)
    if (known !== undefined) return known
    this.#slots.set(key, keys.length)
    return keys.push(key) - 1
  }

  /** Takes keys along and gives back their slots. */
  slotsOf(keys: readonly string[]): readonly number[] {
    return this.keys.length > 0
      ? keys.map((key) => this.slotOf(key))
      : keys.map((key) => this.keys.push(key) - 1)
  }
}

/** Beyond that a single MGET would keep the server busy for too long. */
export const maxKeys = 500

/** Reads keys: all that are asked for in one tick travel as one MGET, each of them once. */
export class BatchGet {
  readonly #redis: RedisStore
  readonly #clock: Clock
  #open: Batch | undefined

  constructor({ redis, clock }: Pick<Stores, 'redis' | 'clock'>) {
    this.#redis = redis
    this.#clock = clock
  }

  /** The batch that leaves at the end of this tick. */
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

/**
 * A plain GET is cheaper than an MGET; like that it finds nothing where somebody else keeps a list.
 */
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
