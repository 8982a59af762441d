import type { CacheKey } from '../cache-key.ts'
import { FailureError } from '../failure/failure-error.ts'
import type { KeyChange } from '../invalidation/key-change.ts'
import type { NewEvent } from '../outbox/log/event.ts'
import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import type { SqlResult } from '../stores/sql-client.ts'
import {
  begin,
  type BegunTransaction,
  type FirstStatement,
  type TransactionIdentity,
} from './begin.ts'
import { poisoned, type Ending } from './ending.ts'
import { currentIdSql } from './transaction-queries.ts'
import type { TransactionSettings } from './transaction-options.ts'
import type { Transaction } from './transaction-work.ts'

/** Dependencies of an open transaction. */
export interface OpenTransactionDeps {
  readonly connection: PostgresConnection
  readonly change: KeyChange
  readonly settings: TransactionSettings
}

/**
 * The transaction that `work` receives. It begins with its first statement, runs one statement
 * after the other, remembers the first failure, and refuses statements once it has ended.
 */
export class OpenTransaction implements Transaction {
  readonly #deps: OpenTransactionDeps
  readonly #events: NewEvent[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #identity: TransactionIdentity | undefined
  #hasBegun = false
  #firstFailure: { readonly error: unknown } | undefined
  #endedEarly: Ending<never, never> | undefined
  #hasEnded = false

  constructor(deps: OpenTransactionDeps) {
    this.#deps = deps
  }

  /** Whether BEGIN was sent. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** The published events. */
  get events(): readonly NewEvent[] {
    return this.#events
  }

  /** The first failure of a statement. */
  get firstFailure(): { readonly error: unknown } | undefined {
    return this.#firstFailure
  }

  /** The ending of a transaction that one of its own statements ended. */
  get endedEarly(): Ending<never, never> | undefined {
    return this.#endedEarly
  }

  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<SqlResult<Row>> {
    const statement = this.#tail.then(() => this.#run<Row>(text, values))
    this.#tail = statement.catch(() => undefined)
    return statement
  }

  invalidate(...keys: readonly CacheKey[]): void {
    if (this.#hasEnded) throw hasEnded('invalidate')
    this.#deps.change.invalidate(keys)
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
    values: readonly unknown[] = [],
  ): Promise<SqlResult<Row>> {
    if (this.#hasEnded) throw hasEnded('query')
    if (this.#firstFailure !== undefined) throw this.#firstFailure.error
    try {
      if (endsTransaction.test(text)) throw refused('query', endedByStatement)
      const results = await this.#send(text, values)
      await this.#checkStillOpen(text, results)
      return (results.at(-1) ?? { rows: [], rowCount: null }) as SqlResult<Row>
    } catch (error) {
      this.#firstFailure ??= { error }
      throw error
    }
  }

  /** Sends the first statement along with BEGIN. */
  async #send(text: string, values: readonly unknown[]): Promise<readonly SqlResult<object>[]> {
    const { connection } = this.#deps
    if (this.#identity === undefined) {
      const { results } = await this.#begin({ text, values })
      return results
    }
    return values.length === 0 ? connection.queryAll(text) : [await connection.query(text, values)]
  }

  async #begin(first?: FirstStatement): Promise<BegunTransaction> {
    this.#hasBegun = true
    const begun = await begin(this.#deps.connection, this.#deps.settings, first)
    this.#identity = begun.identity
    this.#deps.change.begin()
    return begun
  }

  /**
   * Asks the server where the results allow for an end of the transaction: ROLLBACK answers like
   * ROLLBACK TO, and PREPARE TRANSACTION like PREPARE.
   */
  async #checkStillOpen(text: string, results: readonly SqlResult<object>[]): Promise<void> {
    const commands = results.map(({ command }) => command)
    const mayHaveEnded = commands.some((command) => command === 'ROLLBACK' || command === 'PREPARE')
    if (!commands.includes('COMMIT') && (!mayHaveEnded || rollsBackToSavepoint.test(text))) return
    if (!commands.includes('COMMIT') && (await this.#isStillOpen())) return
    this.#endedEarly = poisoned(
      'a statement ended the transaction: what came before it may be committed',
    )
    throw refused('query', endedByStatement)
  }

  async #isStillOpen(): Promise<boolean> {
    const { rows } = await this.#deps.connection.query<{ xid: string | null }>(currentIdSql)
    return rows[0]?.xid === this.#identity?.transactionId
  }
}

const endedByStatement = 'a transaction is ended by the result of its work, not by a statement'

/** Statements that end a transaction, behind blanks and comments: they are not sent at all. */
const endsTransaction = new RegExp(
  String.raw`^(?:\s|;|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*` +
    String.raw`(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction` +
    String.raw`|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b`,
  'i',
)

const rollsBackToSavepoint = /^\s*rollback\s+(?:(?:work|transaction)\s+)?to\b[^;]*;?\s*$/i

function hasEnded(operation: string): FailureError {
  return refused(operation, 'the transaction has ended: tx must not be used after its work')
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
