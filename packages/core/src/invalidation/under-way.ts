import type { PostgresStore } from '../stores/postgres/postgres-store.ts'

/**
 * The write transactions that were under way in this database at one moment. A Redis that came back
 * may have lost the holds that it had acknowledged to them, so nothing may be stored until they
 * have ended. Runs on a reserved connection.
 */
export class TransactionsUnderWay {
  readonly #postgres: PostgresStore
  #noted: readonly string[] = []

  constructor(postgres: PostgresStore) {
    this.#postgres = postgres
  }

  /** Notes those that are under way now. One round trip. */
  async note(): Promise<void> {
    this.#noted = await this.#read()
  }

  /** Whether all that were noted have ended. One round trip, none once they have. */
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

const selectUnderWay = `
  SELECT backend_xid::text AS transaction
  FROM pg_stat_activity
  WHERE datname = current_database() AND backend_xid IS NOT NULL`
