import { createHash } from 'node:crypto'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { readMarker } from './marker.ts'
import type { Nonces } from '../stores/redis/nonces.ts'

/**
 * Names what this process trusts of the entries in Redis: those of this server, of its current term
 * as a primary, and from after the last flush. An entry with another id is a miss.
 */
export class CacheId {
  readonly #redis: RedisStore
  readonly #nonces: Nonces
  #runId: string | undefined
  #marker: string | undefined
  #text: string | undefined

  constructor(redis: RedisStore, nonces: Nonces) {
    this.#redis = redis
    this.#nonces = nonces
  }

  /** 40 hexadecimal digits; `undefined` while the server or its last flush is unknown. */
  get text(): string | undefined {
    return this.#redis.runId === this.#runId ? this.#text : undefined
  }

  /**
   * Reads the marker of the last flush. One round trip. Returns whether the server is known by it
   * now, or does not say which it is, so that none of its entries is ever used.
   */
  async read(): Promise<boolean> {
    const { runId } = this.#redis
    if (runId === undefined) return true
    const marker = await readMarker(this.#redis, this.#nonces.next())
    if (marker.isErr() || this.#redis.runId !== runId) return false
    if (marker.value !== this.#marker || runId !== this.#runId) this.#set(runId, marker.value)
    return true
  }

  #set(runId: string, marker: string): void {
    this.#runId = runId
    this.#marker = marker
    this.#text = createHash('sha1').update(`${runId} ${marker}`).digest('hex')
  }
}
