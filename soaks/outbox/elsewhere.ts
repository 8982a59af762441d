import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'

const holdMs = 2_500
const reconnectMs = 200

/**
 * Unrelated work on the same server: one transaction that has written in another database, and one
 * that reads, each open for some seconds and then replaced.
 */
export class Elsewhere {
  readonly #ending = new AbortController()
  readonly #running: Promise<unknown>

  constructor(postgresUrl: string) {
    const other = new URL(postgresUrl)
    other.pathname = '/postgres'
    this.#running = Promise.all([
      this.#run(other.href, [
        'BEGIN',
        'CREATE TEMP TABLE elsewhere (id int)',
        'INSERT INTO elsewhere VALUES (1)',
      ]),
      this.#run(postgresUrl, ['BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT FROM accounts']),
    ])
  }

  /** Ends both transactions. */
  async stop(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(url: string, statements: readonly string[]): Promise<void> {
    while (!this.#ending.signal.aborted)
      await this.#hold(url, statements).catch(() => this.#sleep(reconnectMs))
  }

  async #hold(url: string, statements: readonly string[]): Promise<void> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 2_000,
      query_timeout: 5_000,
    })
    const lost = new Promise((resolve) => {
      client.on('error', resolve)
    })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await Promise.race([this.#sleep(holdMs), lost])
    await client.query('ROLLBACK').finally(() => {
      void client.end().catch(() => undefined)
    })
  }

  #sleep(ms: number): Promise<void> {
    return setTimeout(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined)
  }
}
