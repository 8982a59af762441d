import type { CacheKey } from '../cache-key.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import type { NewEvent } from '../outbox/log/event.ts'
import { FailureError } from '../failure-error.ts'
import { type PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { begin, type BegunTransaction, type TransactionIdentity } from './begin.ts'
import type { SqlResult } from '../stores/sql-client.ts'
import type { Transaction, TransactionOptions } from './transaction.ts'

/** What a transaction runs on. */
export interface TransactionParts {
  /** Where its statements go. */
  readonly connection: PostgresConnection
  /** What becomes of the keys it invalidates. */
  readonly change: KeyChange
  /** How it begins. */
  readonly options: Required<TransactionOptions>
}

/**
 * The transaction that `work` is given: begins with its first statement, runs its statements one
 * after the other, remembers the first failure, and is of no use once it has ended.
 */
export class OpenTransaction implements Transaction {
  readonly #parts: TransactionParts
  readonly #events: NewEvent[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #identity: TransactionIdentity | undefined
  #hasBegun = false
  #firstFailure: { readonly error: unknown } | undefined
  #hasEnded = false

  constructor(parts: TransactionParts) {
    this.#parts = parts
  }

  /** Whether BEGIN was sent. */
  get hasBegun(): boolean {
    return this.#hasBegun
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
    this.#parts.change.invalidate(keys)
  }

  publish(...events: readonly NewEvent[]): void {
    if (this.#hasEnded) throw hasEnded('publish')
    this.#events.push(...events)
  }

  /** Waits for the statements that were not awaited, then takes no more. */
  async settle(): Promise<void> {
    let tail: Promise<unknown> | undefined
    while (tail !== this.#tail) {
      tail = this.#tail
      await tail
    }
    this.end()
  }

  /** Begins, if no statement has done so. */
  async begin(): Promise<TransactionIdentity> {
    return this.#identity ?? (await this.#begin()).identity
  }

  /** Takes no more statements. */
  end(): void {
    this.#hasEnded = true
  }

  async #run<Row extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<SqlResult<Row>> {
    if (this.#hasEnded) throw hasEnded('query')
    if (this.#firstFailure !== undefined) throw this.#firstFailure.error
    try {
      if (endsTransaction.test(text))
        throw refused(
          'query',
          'a transaction is ended by what its work gives back, not by a statement',
        )
      return await this.#send<Row>(text, values)
    } catch (error) {
      this.#firstFailure ??= { error }
      throw error
    }
  }

  /** A first statement without parameters goes along with BEGIN. */
  async #send<Row extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<SqlResult<Row>> {
    if (this.#identity === undefined) {
      const isBare = values === undefined || values.length === 0
      const { result } = await this.#begin(isBare ? text : undefined)
      if (isBare) return result as SqlResult<Row>
    }
    return this.#parts.connection.query<Row>(text, values)
  }

  async #begin(first?: string): Promise<BegunTransaction> {
    this.#hasBegun = true
    const begun = await begin(this.#parts.connection, this.#parts.options, first)
    this.#identity = begun.identity
    this.#parts.change.renew()
    return begun
  }
}

/** COMMIT sent by hand would make the real one a no-op that reports success. */
const endsTransaction =
  /^\s*(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/i

function hasEnded(operation: string): FailureError {
  return refused(
    operation,
    'the transaction has ended: tx cannot be used after the work that was given it',
  )
}

function refused(operation: string, message: string): FailureError {
  return new FailureError({
    type: 'store-refused',
    store: 'postgres',
    operation,
    message,
    retryable: false,
  })
}
