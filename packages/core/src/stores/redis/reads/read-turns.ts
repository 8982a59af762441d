import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../../../errors.ts'
import type { Result } from '../../../result.ts'
import { commandLimits, type KeyReader } from './key-reader.ts'
import { isCluster } from '../redis-client.ts'
import { heavyCharacters } from '../redis-client-store.ts'
import type { RedisStore } from '../redis-store.ts'

/** Keys of one kind that are to be read. */
export interface KeysToRead {
  readonly reader: KeyReader
  /** More may be added until they are sent. */
  readonly keys: readonly string[]
  /** Called when they are sent. */
  onSent(this: void): void
  /** Called with the texts of the keys, in their order. */
  onReply(this: void, read: Result<readonly (string | null)[], StoreError>): void
}

/**
 * Reads keys at the end of the turn of the event loop in which they are asked for. Keys of several
 * kinds share one MGET of a single server, unless it were so long that one kind would wait for
 * another.
 */
export class ReadTurns {
  readonly #redis: RedisStore
  #asked: KeysToRead[] = []

  constructor(redis: RedisStore) {
    this.#redis = redis
  }

  /** Adds keys to this turn. */
  add(keys: KeysToRead): void {
    if (this.#asked.push(keys) > 1) return
    process.nextTick(() => {
      this.#send()
    })
  }

  #send(): void {
    const asked = this.#asked
    this.#asked = []
    for (const { onSent } of asked) onSent()
    const filled = asked.filter(({ keys }) => keys.length > 0)
    // A cluster's client takes an MGET apart by slots, and one that fails would fail all kinds.
    const isShared = filled.length > 1 && areShort(filled) && !isCluster(this.#redis.client)
    if (isShared) this.#readTogether(filled)
    for (const kind of asked) if (!isShared || kind.keys.length === 0) readAlone(kind)
  }

  #readTogether(asked: readonly KeysToRead[]): void {
    const keys = asked.flatMap((kind) => kind.keys)
    const values = async (client: RedisClientType): Promise<(string | null)[][]> => {
      const all = await client.mGet(keys)
      let from = 0
      return asked.map(({ reader, keys: { length } }) => {
        const own = all.slice(from, from + length)
        from += length
        reader.learnFrom(own)
        return own
      })
    }
    void this.#redis.run('get', values, { characters: expectedOf(asked) }).then((read) => {
      // What is refused may be the keys of one kind.
      if (read.isErr() && read.error.type === 'store-refused') {
        asked.forEach(readAlone)
        return
      }
      for (const [index, { onReply }] of asked.entries())
        onReply(read.map((replies) => replies[index] ?? []))
    })
  }
}

function readAlone({ reader, keys, onReply }: KeysToRead): void {
  void reader.read(keys).then(onReply)
}

/** Whether all fit into one command that need not take turns with others. */
function areShort(asked: readonly KeysToRead[]): boolean {
  const count = asked.reduce((sum, { keys }) => sum + keys.length, 0)
  return (
    count <= commandLimits.keys &&
    expectedOf(asked) < heavyCharacters &&
    asked.every(({ reader, keys }) => keys.length <= reader.keysPerCommand)
  )
}

function expectedOf(asked: readonly KeysToRead[]): number {
  return asked.reduce((sum, { reader, keys }) => sum + reader.expected(keys), 0)
}
