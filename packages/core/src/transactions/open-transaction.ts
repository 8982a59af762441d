import type { CacheKey } from '../cache/cache-key.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import type { NewEvent } from '../outbox/event.ts'
import { StatementFailed } from '../stores/stores.ts'
import type { SqlClient, SqlResult } from './sql-client.ts'
import type { Transaction } from './transaction.ts'

/**
 * The transaction that `work` is given: runs its statements one after the other, remembers the first failure, and is of no use once it has ended.
 */
export class OpenTransaction implements Transaction {
  readonly #connection: SqlClient
  readonly #change: KeyChange
  readonly #events: NewEvent[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #firstFailure: { readonly error: unknown } | undefined
  #hasEnded = false

  constructor(connection: SqlClient, change: KeyChange) {
    this.#connection = connection
    this.#change = change
  }

  /** What was published. */
  get events(): readonly NewEvent[] {
    return this.#events
  }

  /** The statement that failed first. */
  get firstFailure(): { readonly error: unknown } | undefined {
    return this.#firstFailure
  }

  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>> {
    const statement = this.#tail.then(() => this.#run<Row>(text, values))
    this.#tail = statement.catch(() => undefined)
    return statement
  }

  invalidate(...keys: readonly CacheKey[]): void {
    if (this.#hasEnded) throw hasEnded('invalidate')
    this.#change.invalidate(keys)
  }

  publish(...events: readonly NewEvent[]): void {
    if (this.#hasEnded) throw hasEnded('publish')
    this.#events.push(...events)
  }

  /**
   * Waits for the statements that were not awaited, then takes no more.
   */
  async settle(): Promise<void> {
    let tail: Promise<unknown> | undefined
    while (tail !== this.#tail) {
      tail = this.#tail
      await tail
    }
    this.end()
  }

  /**
   * Takes no more statements.
   */
  end(): void {
    this.#hasEnded = true
  }

  async #run<Row extends object>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>> {
    if (this.#hasEnded) throw hasEnded('query')
    if (this.#firstFailure !== undefined) throw this.#firstFailure.error
    try {
      if (endsTransaction.test(text)) throw refused('query', 'a transaction is ended by what its work gives back, not by a statement')
      return await this.#connection.query<Row>(text, values)
    } catch (error) {
      this.#firstFailure ??= { error }
      throw error
    }
  }
}

/** COMMIT sent by hand would make the real one a no-op that reports success. */
const endsTransaction = /^\s*(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i

function hasEnded(operation: string): StatementFailed {
  return refused(operation, 'the transaction has ended: tx cannot be used after the work that was given it')
}

function refused(operation: string, message: string): StatementFailed {
  return new StatementFailed({ type: 'store-refused', store: 'postgres', operation, message, retryable: false })
}
