import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import { selectUnderWay } from './under-way-queries.ts'

/**
 * Write transactions that were under way in this database at one moment. A Redis that came back
 * may have lost holds that it had acknowledged to them, so nothing may be stored until they have
 * ended. Runs on a reserved connection.
 */
export class TransactionsUnderWay {
  readonly #postgres: PostgresStore
  #noted: readonly string[] = []

  constructor(postgres: PostgresStore) {
    this.#postgres = postgres
  }

  /** Notes the transactions that are under way now. One round trip. */
  async note(): Promise<void> {
    this.#noted = await this.#read()
  }

  /** Whether all noted transactions have ended. One round trip; none once they have ended. */
  async haveEnded(): Promise<boolean> {
    if (this.#noted.length === 0) return true
    const running = new Set(await this.#read())
    this.#noted = this.#noted.filter((transaction) => running.has(transaction))
    return this.#noted.length === 0
  }

  async #read(): Promise<readonly string[]> {
    const { rows } = await this.#postgres.withConnection(
      (connection) => connection.query<{ transaction: string }>(selectUnderWay),
      { reserved: true },
    )
    return rows.map(({ transaction }) => transaction)
  }
}
