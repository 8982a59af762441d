import type { Stores } from '@headwater/core'
import type { VersionedRow } from './versioned-rows.ts'

/** Cache-aside as it is written by hand: the control that the checks of this folder must catch. */
export class NaiveCache {
  readonly #stores: Stores
  readonly #afterLoad: () => Promise<void>

  constructor(stores: Stores, afterLoad: () => Promise<void> = async () => undefined) {
    this.#stores = stores
    this.#afterLoad = afterLoad
  }

  async get(id: number): Promise<VersionedRow | undefined> {
    const { redis, postgres } = this.#stores
    const cached = await redis.client.get(this.key(id))
    if (cached !== null) return JSON.parse(cached) as VersionedRow
    const { rows } = await postgres.client.query<VersionedRow>(
      'SELECT id, version FROM @schema.rows WHERE id = $1',
      [id],
    )
    await this.#afterLoad()
    if (rows[0] !== undefined)
      await redis.client.set(this.key(id), JSON.stringify(rows[0]), { PX: 60_000 })
    return rows[0]
  }

  async invalidate(id: number): Promise<void> {
    await this.#stores.redis.client.del(this.key(id))
  }

  key(id: number): string {
    return `${this.#stores.redis.keyPrefix}naive:${id}`
  }
}
