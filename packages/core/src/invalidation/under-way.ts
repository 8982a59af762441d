import { FailureError } from '../failure/failure-error.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import { standbyAnswers } from '../stores/postgres/server-error.ts'
import { unavailableFailure } from '../stores/postgres/sql-failure.ts'
import { underWaySql } from './under-way-queries.ts'

/**
 * Write transactions that were under way in this database at one moment. A Redis that came back
 * may have lost holds that it had acknowledged to them, so nothing may be stored until they have
 * ended. Runs on a reserved connection.
 */
export class TransactionsUnderWay {
  readonly #postgres: PostgresStore
  #noted: UnderWay = { timeline: null, transactions: [] }

  constructor(postgres: PostgresStore) {
    this.#postgres = postgres
  }

  /** Notes the transactions that are under way now. One round trip. */
  async note(): Promise<void> {
    this.#noted = await this.#read()
  }

  /**
   * Whether all noted transactions have ended, as they have where another timeline answers: it
   * assigns their ids again. One round trip; none once they have ended.
   */
  async haveEnded(): Promise<boolean> {
    if (this.#noted.transactions.length === 0) return true
    const { timeline, transactions } = await this.#read()
    const running = new Set(timeline === this.#noted.timeline ? transactions : [])
    const left = this.#noted.transactions.filter((transaction) => running.has(transaction))
    this.#noted = { timeline, transactions: left }
    return left.length === 0
  }

  async #read(): Promise<UnderWay> {
    const { rows } = await this.#postgres.withConnection(
      (connection) =>
        connection.history.use(
          (expressions) => connection.query<UnderWay>(underWaySql(expressions)),
          async () => undefined,
        ),
      { reserved: true },
    )
    const [read] = rows
    if (read === undefined)
      throw new FailureError(unavailableFailure('select pg_stat_activity', standbyAnswers))
    return read
  }
}

interface UnderWay {
  readonly timeline: string | null
  readonly transactions: readonly string[]
}
