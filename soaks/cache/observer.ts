import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { type Note, type Notes, nowNs, packNotes } from './ledger.ts'
import type { VersionedRow } from './rows.ts'

const lookEveryMs = 15

/** Polls the rows themselves: a version that it saw is committed, even if its writer was killed. */
export class Observer {
  readonly #client: Client
  readonly #notes: Note[] = []
  readonly #known = new Map<number, number>()
  readonly #running: Promise<void>
  #isStopped = false

  private constructor(client: Client) {
    this.#client = client
    this.#running = this.#run()
  }

  /** Starts polling. */
  static async start(postgresUrl: string): Promise<Observer> {
    const client = new Client({ connectionString: postgresUrl })
    await client.connect()
    return new Observer(client)
  }

  /** Stops polling and returns the notes. */
  async stop(): Promise<Notes> {
    this.#isStopped = true
    await this.#running
    await this.#client.end()
    return packNotes('observer', this.#notes)
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const beganAt = nowNs()
      const { rows } = await this.#client.query<VersionedRow>(
        'SELECT id, version::float8 AS version FROM rows',
      )
      const endedAt = nowNs()
      for (const { id, version } of rows) {
        if (this.#known.get(id) === version) continue
        this.#known.set(id, version)
        this.#notes.push({ kind: 'seen', key: id, version, beganAt, endedAt })
      }
      await setTimeout(lookEveryMs)
    }
  }
}
