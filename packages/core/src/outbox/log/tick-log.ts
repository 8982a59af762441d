import type { SqlClient } from '../../stores/sql-client.ts'
import { loadTicks, type Tick } from './tick.ts'

const remembered = 2_000

/**
 * The ticks that one relay has seen on one server, in order. It may have gaps: an interval can span
 * several ticks.
 */
export class TickLog {
  #ticks: readonly Tick[] = []
  #history: string | undefined

  /** The newest tick seen. */
  get newest(): Tick | undefined {
    return this.#ticks.at(-1)
  }

  /** Names the server's history; `undefined` while it is not known. */
  get history(): string | undefined {
    return this.#history
  }

  /** Begins with the ticks of a server. */
  begin(history: string): void {
    this.clear()
    this.#history = history
  }

  /** Adds a tick of the server with this history, unless a newer one is known. */
  add(tick: Tick, history: string | undefined): void {
    if (history !== this.#history) return
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
    this.#history = undefined
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
    const [loaded, ...later] = await this.#load(sql, id, 500)
    if (loaded === undefined) throw new RangeError(`the outbox has no tick at or before ${id}`)
    return { from: loaded, later }
  }

  /** Returns the tick with this id, `undefined` when there is none. One round trip at most. */
  async exactly(sql: SqlClient, id: bigint): Promise<Tick | undefined> {
    const known = this.#ticks.find((tick) => tick.id === id)
    if (known !== undefined) return known
    const [loaded] = await this.#load(sql, id, 0)
    return loaded?.id === id ? loaded : undefined
  }

  async #load(sql: SqlClient, id: bigint, limit: number): Promise<readonly Tick[]> {
    const history = this.#history
    const loaded = await loadTicks(sql, id, { limit, history: history ?? null })
    if (history === this.#history) this.#merge(loaded)
    return loaded
  }

  #merge(ticks: readonly Tick[]): void {
    const known = new Map([...this.#ticks, ...ticks].map((tick) => [tick.id, tick]))
    this.#ticks = [...known.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-remembered)
  }
}
