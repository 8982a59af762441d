import type { SqlClient } from '../../stores/sql-client.ts'
import type { LoggedEvent } from '../log/event.ts'
import { uncountStartsSql } from './failure-queries.ts'

/**
 * The attempts that were counted as begun and whose end could not be written, as after a lost
 * connection. As long as this process remembers them, it has survived them: they must not count
 * against their events.
 */
export class SurvivedAttempts {
  readonly #attempts = new Map<bigint, number>()

  add(events: readonly LoggedEvent[]): void {
    for (const { seq } of events) this.#attempts.set(seq, (this.#attempts.get(seq) ?? 0) + 1)
  }

  /** Forgets them: their end was written. */
  clear(): void {
    this.#attempts.clear()
  }

  /** Takes them back in the table of failures. One round trip, none when there are none. */
  async uncount(sql: SqlClient, sink: string): Promise<void> {
    if (this.#attempts.size === 0) return
    const seqs = [...this.#attempts.keys()].map(String)
    await sql.query(uncountStartsSql, [sink, seqs, [...this.#attempts.values()]])
    this.clear()
  }
}
