import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../../../errors.ts'
import { err, ok, type Result } from '../../../result.ts'
import type { RedisStore } from '../redis-store.ts'

/**
 * Limits of one command. A longer one would occupy the server and the connection for too long: its
 * own deadline, and the commands of other callers, would not be met.
 */
export const commandLimits = { keys: 500, characters: 256 * 1024 }
/** Keys of the first command, when no entry has been seen, and the length that it counts on. */
const firstKeys = 50
const assumedLength = 2_048

/**
 * Reads keys of one kind. Many or long entries take several commands, one after the other, each
 * sized by the entries seen of late.
 */
export class KeyReader {
  readonly #redis: RedisStore
  readonly #operation: string
  /** Length of an entry once one has been seen: the longest mean of late, in characters. */
  #entryLength: number | undefined

  constructor(redis: RedisStore, operation: string) {
    this.#redis = redis
    this.#operation = operation
  }

  /** The most keys of one command. */
  get keysPerCommand(): number {
    const { keys, characters } = commandLimits
    if (this.#entryLength === undefined) return firstKeys
    return Math.max(1, Math.min(keys, Math.floor(characters / this.#entryLength)))
  }

  /** The length of what keys hold, as far as is known, in characters. */
  expected(keys: readonly string[]): number {
    return keys.length * (this.#entryLength ?? assumedLength)
  }

  /** The texts of keys, in their order; `null` for those that hold none. Never rejects. */
  async read(keys: readonly string[]): Promise<Result<(string | null)[], StoreError>> {
    let values: (string | null)[] = []
    while (values.length < keys.length) {
      const part = keys.slice(values.length, values.length + this.keysPerCommand)
      const reply = await this.#redis.run(this.#operation, (client) => this.#send(client, part), {
        characters: this.expected(part),
      })
      if (reply.isErr()) return err(reply.error)
      values = values.length === 0 ? reply.value : values.concat(reply.value)
    }
    return ok(values)
  }

  /** Learns from texts that were read how long entries are. */
  learnFrom(values: readonly (string | null)[]): void {
    let characters = 0
    let entries = 0
    for (const value of values) {
      if (value === null) continue
      characters += value.length
      entries += 1
    }
    if (entries === 0) return
    this.#entryLength = Math.max(1, characters / entries, (this.#entryLength ?? 0) * 0.95)
  }

  /** A reply that comes too late teaches all the same, or the next would be as late. */
  async #send(client: RedisClientType, keys: readonly string[]): Promise<(string | null)[]> {
    const values = await (keys.length === 1 ? getOne(client, keys) : client.mGet([...keys]))
    this.learnFrom(values)
    return values
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
