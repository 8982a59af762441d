import type { SqlClient } from '../../stores/sql-client.ts'
import { loadTicks, type Tick } from './tick.ts'

const remembered = 2_000

/**
 * The ticks that one relay has seen, in order. It may have gaps: an interval can span several
 * ticks.
 */
export class TickLog {
  #ticks: readonly Tick[] = []

  /** The newest tick seen. */
  get newest(): Tick | undefined {
    return this.#ticks.at(-1)
  }

  /** Adds a tick unless a newer one is known. */
  add(tick: Tick): void {
    const newest = this.newest
    if (newest !== undefined && tick.id <= newest.id) return
    this.#ticks = [...this.#ticks.slice(1 - remembered), tick]
  }

  /**
   * Forgets every tick. After a lost connection the server may be another one, with other ticks
   * under the same ids.
   */
  clear(): void {
    this.#ticks = []
  }

  /**
   * Returns the tick of a cursor, or the last one before it, and later ticks: from memory where
   * they are close enough together, otherwise from the database with one round trip.
   */
  async from(
    sql: SqlClient,
    id: bigint,
    maxEvents: number,
  ): Promise<{ readonly from: Tick; readonly later: readonly Tick[] }> {
    const index = this.#ticks.findIndex((tick) => tick.id === id)
    const [from, next] = index < 0 ? [] : [this.#ticks[index], this.#ticks[index + 1]]
    if (from !== undefined && (next === undefined || next.seqHigh - from.seqHigh <= maxEvents)) {
      return { from, later: this.#ticks.slice(index + 1) }
    }
    const [loaded, ...later] = await loadTicks(sql, id, 500)
    if (loaded === undefined) throw new RangeError(`the outbox has no tick at or before ${id}`)
    this.#merge([loaded, ...later])
    return { from: loaded, later }
  }

  /** Returns the tick with this id, `undefined` when there is none. One round trip at most. */
  async exactly(sql: SqlClient, id: bigint): Promise<Tick | undefined> {
    const known = this.#ticks.find((tick) => tick.id === id)
    if (known !== undefined) return known
    const [loaded] = await loadTicks(sql, id, 0)
    if (loaded?.id !== id) return undefined
    this.#merge([loaded])
    return loaded
  }

  #merge(ticks: readonly Tick[]): void {
    const known = new Map([...this.#ticks, ...ticks].map((tick) => [tick.id, tick]))
    this.#ticks = [...known.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-remembered)
  }
}
