import type { PoolClient, QueryResult } from 'pg'
import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import type { SqlError } from '../../errors.ts'
import { startTimer } from '../../resilience/timer.ts'
import { quietError } from '../quiet-error.ts'
import type { SqlResult } from '../sql-client.ts'
import { canQueryTogether, type Companions, queryTogether } from './query-together.ts'
import { rowTypes } from './row-types.ts'
import { breaksConnection, deadlineFailure, sqlFailure, unavailableFailure } from './sql-failure.ts'
import type { ServerHistory } from './server-history.ts'
import type { Statement, Statements } from './statements.ts'
import type {
  PostgresConnection,
  QueryBehind,
  QueryBehindOptions,
  StatementAhead,
  StatementBehind,
} from './postgres-store.ts'
import { FailureError } from '../../failure/failure-error.ts'

/** What every connection of a store shares. */
export interface ConnectionContext {
  /** How texts become statements. */
  readonly statements: Statements
  /** How to ask the servers for their history. */
  readonly history: ServerHistory
  /** The system identifiers that connections have met. */
  readonly systems: WeakMap<PoolClient, string>
  /** Where durations come from. */
  readonly clock: Clock
  /** Where they go. */
  readonly diagnostics: Diagnostics
}

/** Limits of one statement. */
export interface StatementLimits {
  /** Time for the answer, in milliseconds; `Infinity` for none. */
  readonly deadlineMs: number
}

/**
 * One connection on loan from a pool. Runs one statement at a time, in the order they were asked;
 * `release` gives the connection back, or closes it when its state is in doubt: after a lost
 * connection, a statement that never answered, or a transaction left open.
 */
export class LoanedConnection implements PostgresConnection {
  readonly #client: PoolClient
  readonly #context: ConnectionContext
  readonly #limits: StatementLimits
  #previous: Promise<unknown> = Promise.resolve()
  #unfinished = 0
  #isBroken = false
  #isReleased = false

  constructor(client: PoolClient, context: ConnectionContext, limits: StatementLimits) {
    this.#client = client
    this.#context = context
    this.#limits = limits
    // Without a listener an error of a checked-out client ends the process.
    client.on('error', this.#onError)
  }

  get history(): ServerHistory {
    return this.#context.history
  }

  get system(): string | undefined {
    return this.#context.systems.get(this.#client)
  }

  set system(identifier: string | undefined) {
    if (identifier !== undefined) this.#context.systems.set(this.#client, identifier)
  }

  async query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<SqlResult<Row>> {
    const results = await this.#inTurn(
      this.#context.statements.of(text, values !== undefined && values.length > 0),
      values,
    )
    return lastOf(results) as SqlResult<Row>
  }

  queryAll(text: string): Promise<readonly SqlResult<object>[]> {
    return this.#inTurn(this.#context.statements.of(text, false), undefined)
  }

  queryBehind(
    ahead: readonly StatementAhead[],
    { text, values }: StatementBehind,
    { thenCommit = false }: QueryBehindOptions = {},
  ): QueryBehind {
    if (!canQueryTogether(this.#client)) {
      const first = Promise.all(ahead.map((one) => this.query(one.text, one.values)))
      const result = first.then(() => this.query(text, values))
      return { ahead: first, result: thenCommit ? this.#committed(result) : result }
    }
    const arrived = Promise.withResolvers<readonly SqlResult<object>[]>()
    const { statements } = this.#context
    const companions: Companions = {
      ahead: ahead.map(({ text: own, values: their }) => ({
        ...statements.of(own, their.length > 0),
        values: their,
      })),
      onAhead: (results) => {
        arrived.resolve(results.map(resultOf))
      },
      ...(thenCommit ? { behind: { text: 'COMMIT' } } : {}),
    }
    const results = this.#inTurn({ ...statements.of(text, true), companions }, values)
    results.catch(arrived.reject)
    const own = results.then((all) => all[ahead.length] ?? lastOf(all))
    return { ahead: arrived.promise, result: own }
  }

  async queryThenCommit(text: string, values: readonly unknown[]): Promise<SqlResult<object>> {
    const statement = this.#context.statements.of(text, true)
    const [, committed] = await this.#inTurn(
      canQueryTogether(this.#client)
        ? { ...statement, operation: 'commit', companions: { behind: { text: 'COMMIT' } } }
        : statement,
      values,
    )
    return committed ?? this.query('COMMIT')
  }

  close(): void {
    this.#isBroken = true
    this.release()
  }

  /** Ends the loan. Later statements are refused. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    const isInDoubt = this.#isBroken || this.#unfinished > 0 || isInTransaction(this.#client)
    this.#client.release(isInDoubt)
    this.#client.off('error', this.#onError)
    // A closed client may still report its end.
    if (isInDoubt) this.#client.on('error', ignore)
  }

  async #committed(result: Promise<SqlResult<object>>): Promise<SqlResult<object>> {
    const own = await result
    await this.query('COMMIT')
    return own
  }

  #inTurn(
    statement: Sending,
    values: readonly unknown[] | undefined,
  ): Promise<readonly SqlResult<object>[]> {
    const turn =
      this.#unfinished === 0
        ? this.#run(statement, values)
        : this.#previous.then(() => this.#run(statement, values))
    this.#previous = turn.catch(() => undefined)
    return turn
  }

  async #run(
    statement: Sending,
    values: readonly unknown[] | undefined,
  ): Promise<readonly SqlResult<object>[]> {
    if (this.#isBroken)
      throw this.#failed(unavailableFailure(statement.operation, 'the connection was lost'))
    if (this.#isReleased)
      throw this.#failed(unavailableFailure(statement.operation, 'the connection was given back'))
    const { clock, diagnostics } = this.#context
    const startedMs = clock.monotonic()
    let outcome = 'ok'
    try {
      return await this.#send(statement, values)
    } catch (error) {
      const failure = this.#failureOf(error, statement, clock.monotonic() - startedMs)
      outcome = failure.type
      throw this.#failed(failure)
    } finally {
      diagnostics.emit('store:operation', {
        store: 'postgres',
        operation: statement.operation,
        durationMs: clock.monotonic() - startedMs,
        outcome,
      })
    }
  }

  async #send(
    { text, name, companions }: Sending,
    values: readonly unknown[] | undefined,
  ): Promise<readonly SqlResult<object>[]> {
    const prepared = name === undefined ? {} : { name }
    const parameters = values === undefined || values.length === 0 ? {} : { values: [...values] }
    this.#unfinished += 1
    const config = { text, types: rowTypes, ...prepared, ...parameters }
    // A text of several statements answers with several results, which the types of `pg` do not
    // say.
    const answer: Promise<QueryResult | QueryResult[]> =
      companions === undefined
        ? this.#client.query(config)
        : queryTogether(this.#client, config, companions)
    const result = await within(
      answer.finally(() => {
        this.#unfinished -= 1
      }),
      this.#limits,
    )
    return Array.isArray(result) ? result.map(resultOf) : [resultOf(result)]
  }

  /** The server may have a limit of its own, which was over before that of the call. */
  #failureOf(error: unknown, { operation }: Statement, elapsedMs: number): SqlError {
    const deadlineMs = Math.min(this.#limits.deadlineMs, elapsedMs)
    if (error instanceof TooLate) {
      this.close()
      return deadlineFailure({ operation, deadlineMs })
    }
    if (breaksConnection(error)) this.#isBroken = true
    return sqlFailure(error, { operation, deadlineMs })
  }

  #failed(failure: SqlError): FailureError {
    return new FailureError(failure)
  }

  readonly #onError = (error: unknown): void => {
    this.#isBroken = true
    this.#context.diagnostics.emit('store:error', {
      store: 'postgres',
      error: quietError(error),
    })
  }
}

interface Sending extends Statement {
  /** Statements that share its message. */
  readonly companions?: Companions
}

class TooLate extends Error {}

function within<T>(answer: Promise<T>, { deadlineMs }: StatementLimits): Promise<T> {
  if (deadlineMs === Infinity) return answer
  return new Promise<T>((resolve, reject) => {
    const cancel = startTimer(Math.max(0, deadlineMs), () => {
      reject(new TooLate())
    })
    answer.then(resolve, reject).finally(cancel)
  })
}

function resultOf({ rows, rowCount, command }: QueryResult): SqlResult<object> {
  return { rows: rows as object[], rowCount, command }
}

function lastOf(results: readonly SqlResult<object>[]): SqlResult<object> {
  return results.at(-1) ?? { rows: [], rowCount: null }
}

function isInTransaction(client: PoolClient): boolean {
  const status =
    'getTransactionStatus' in client && typeof client.getTransactionStatus === 'function'
      ? (client.getTransactionStatus() as unknown)
      : null
  return status === 'T' || status === 'E'
}

function ignore(): void {}
