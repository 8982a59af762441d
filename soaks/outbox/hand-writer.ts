import { setTimeout } from 'node:timers/promises'
import { publish, publishMany } from '@headwater/core'
import { Client } from 'pg'
import type { Changes } from './changes.ts'
import { drawAccount, drawAccounts, drawPauseMs, rollbackShare } from './writer.ts'

const slowMs = 400
const savepointShare = 0.3
const reconnectMs = 100
const statementMs = 5_000

/**
 * Writes with hand-written transactions. A slow writer takes 400 ms for each: in turns it gets its
 * transaction id long before its first change, or commits long after its last.
 */
export class HandWriter {
  readonly counts = { committed: 0, rolledBack: 0, failed: 0 }
  readonly #postgresUrl: string
  readonly #changes: Changes
  readonly #isSlow: boolean
  #client: Client | undefined
  #isStopped = false
  #turn = 0

  constructor(postgresUrl: string, changes: Changes, { isSlow }: { readonly isSlow: boolean }) {
    this.#postgresUrl = postgresUrl
    this.#changes = changes
    this.#isSlow = isSlow
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#write().catch(() => this.#recover())
      await setTimeout(drawPauseMs())
    }
    await this.#client?.end().catch(() => undefined)
  }

  stop(): void {
    this.#isStopped = true
  }

  async #write(): Promise<void> {
    const client = (this.#client ??= await this.#connect())
    const isRollback = Math.random() < rollbackShare
    await client.query('BEGIN')
    await this.#change(client)
    if (Math.random() < savepointShare) await this.#changeUnderSavepoint(client)
    await client.query(isRollback ? 'ROLLBACK' : 'COMMIT')
    if (isRollback) this.counts.rolledBack += 1
    else this.counts.committed += 1
  }

  async #change(client: Client): Promise<void> {
    this.#turn += 1
    const isEarly = this.#turn % 2 === 0
    if (isEarly) await client.query('SELECT pg_current_xact_id()')
    if (this.#isSlow && isEarly) await setTimeout(slowMs)
    const events = []
    for (const account of drawAccounts()) events.push(await this.#changes.one(client, account))
    await publishMany(client, events)
    if (this.#isSlow && !isEarly) await setTimeout(slowMs)
  }

  /** A change under a savepoint, which is kept or rolled back. */
  async #changeUnderSavepoint(client: Client): Promise<void> {
    await client.query('SAVEPOINT detour')
    await publish(client, await this.#changes.one(client, drawAccount()))
    await client.query(
      Math.random() < 0.5 ? 'ROLLBACK TO SAVEPOINT detour' : 'RELEASE SAVEPOINT detour',
    )
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.#postgresUrl,
      connectionTimeoutMillis: statementMs,
      query_timeout: statementMs,
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  /** Reconnects; the ledger shows whether the transaction committed. */
  async #recover(): Promise<void> {
    this.counts.failed += 1
    const client = this.#client
    this.#client = undefined
    void client?.end().catch(() => undefined)
    await setTimeout(reconnectMs)
  }
}
