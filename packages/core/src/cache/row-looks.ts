import { type Batch, BatchGet } from './batch-get.ts'
import type { CacheStores } from './cache-stores.ts'
import { gateClosed, type Look, readLook } from './look.ts'
import type { Row } from './row-keys.ts'

const noSlots: readonly number[] = []

/** Looks at rows in Redis: all that are looked at in one turn of the event loop together. */
export class RowLooks {
  readonly #stores: CacheStores
  readonly #batches: BatchGet

  constructor(stores: CacheStores) {
    this.#stores = stores
    this.#batches = new BatchGet(stores)
  }

  /** Whether a look may see anything; it need not be tried otherwise. */
  get areAllowed(): boolean {
    return this.#stores.invalidation.isOpen && this.#stores.redis.isAvailable
  }

  /** Looks at a row and goes on with what it saw. */
  at<T>(row: Row<unknown>, goOn: (look: Look) => T | Promise<T>): Promise<T> {
    const { batch } = this.#batches
    const slot = batch.slotOf(row.key)
    const tagSlots = tagSlotsOf(batch, row)
    return batch.reply.then((reply) => goOn(readLook(reply, slot, tagSlots)))
  }

  /** Looks at one row, if that is allowed. */
  async one(row: Row<unknown>): Promise<Look> {
    return this.areAllowed ? this.at(row, (look) => look) : gateClosed
  }

  /** Looks at rows, in their order; none if that is not allowed. */
  async all(rows: readonly Row<unknown>[]): Promise<readonly Look[]> {
    if (!this.areAllowed) return []
    const { batch } = this.#batches
    const slots = batch.slotsOf(rows.map(({ key }) => key))
    const tagSlots = rows.map((row) => tagSlotsOf(batch, row))
    const reply = await batch.reply
    return slots.map((slot, index) => readLook(reply, slot, tagSlots[index] ?? noSlots))
  }
}

function tagSlotsOf(batch: Batch, { tags }: Row<unknown>): readonly number[] {
  return tags.length === 0 ? noSlots : tags.map((tag) => batch.slotOf(tag))
}
