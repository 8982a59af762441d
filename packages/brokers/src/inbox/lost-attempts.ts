import { ok } from '@headwater/core'
import type { Result, SqlError, Stores } from '@headwater/core'
import { addLostAttempts, deleteAttempts } from './inbox-queries.ts'
import type { InboxEntry } from './inbox.ts'

/** The state of an event before an attempt at it. */
export type Known = { readonly lost: number } | 'handled'

/**
 * Counts the attempts of a consumer at one event that failed by mistake, or that the process has
 * not survived, in the consumer's database.
 */
export class LostAttempts {
  readonly #postgres: Stores['postgres']
  readonly #entry: InboxEntry
  #count = 0
  #unwritten = 0
  #isNoted = false

  constructor({ postgres }: Pick<Stores, 'postgres'>, entry: InboxEntry) {
    this.#postgres = postgres
    this.#entry = entry
  }

  /** Their number, as far as this process knows. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds to them, or takes back where the change is negative. What cannot be written is remembered,
   * and written with the next change. One statement.
   */
  async add(change: number): Promise<Result<Known, SqlError>> {
    this.#count += change
    this.#unwritten += change
    const { consumer, eventId } = this.#entry
    const values = [consumer, eventId, this.#unwritten]
    const written = await this.#postgres.query<{ lost: number }>(addLostAttempts, values)
    return written.andThen(({ rows: [row] }) => {
      this.#unwritten = 0
      if (row === undefined) return ok('handled' as const)
      this.#isNoted = true
      this.#count = row.lost
      return ok({ lost: row.lost })
    })
  }

  /** Forgets them, since the event is done with. A row that stays is purged one day. */
  async forget(): Promise<Result<unknown, SqlError>> {
    if (!this.#isNoted) return ok(undefined)
    const { consumer, eventId } = this.#entry
    return this.#postgres.query(deleteAttempts, [consumer, eventId])
  }
}
