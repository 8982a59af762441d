import { setTimeout } from 'node:timers/promises'
import { onDatabase } from '../run/postgres-faults.ts'
import { type Note, type Notes, nowNs, packNotes } from './ledger.ts'
import type { VersionedRow } from './rows.ts'

const lookEveryMs = 15
const reconnectMs = 50

/**
 * Polls the rows themselves: a version that it saw is committed, even if its writer was killed. It
 * connects again whenever PostgreSQL goes away.
 */
export class Observer {
  readonly #postgresUrl: string
  readonly #notes: Note[] = []
  readonly #known = new Map<number, number>()
  readonly #running: Promise<void>
  #isStopped = false

  private constructor(postgresUrl: string) {
    this.#postgresUrl = postgresUrl
    this.#running = this.#run()
  }

  /** Starts polling. */
  static start(postgresUrl: string): Observer {
    return new Observer(postgresUrl)
  }

  /** Stops polling and returns the notes. */
  async stop(): Promise<Notes> {
    this.#isStopped = true
    await this.#running
    return packNotes('observer', this.#notes)
  }

  async #run(): Promise<void> {
    while (!this.#isStopped)
      await onDatabase(this.#postgresUrl, (client) =>
        this.#poll((text) => client.query<VersionedRow>(text)),
      ).catch(() => setTimeout(reconnectMs))
  }

  async #poll(query: (text: string) => Promise<{ rows: VersionedRow[] }>): Promise<void> {
    while (!this.#isStopped) {
      const beganAt = nowNs()
      const { rows } = await query('SELECT id, version::float8 AS version FROM rows')
      this.#note(rows, { beganAt, endedAt: nowNs() })
      await setTimeout(lookEveryMs)
    }
  }

  #note(
    rows: readonly VersionedRow[],
    times: { readonly beganAt: number; readonly endedAt: number },
  ): void {
    for (const { id, version } of rows) {
      if (this.#known.get(id) === version) continue
      this.#known.set(id, version)
      this.#notes.push({ kind: 'seen', key: id, version, ...times })
    }
  }
}
