import type { Pool, PoolClient } from 'pg'
import type { SqlError } from '../../errors.ts'
import { ResultAsync } from '../../result.ts'
import type { SqlClient, SqlResult } from '../sql-client.ts'
import { quietError } from '../quiet-error.ts'
import type { StoreContext } from '../store-kind.ts'
import { type ConnectionContext, LoanedConnection } from './loaned-connection.ts'
import { PoolTurns } from './pool-turns.ts'
import { accessTo, type PostgresAccess } from './postgres-access.ts'
import { longestWaitMs, openPool, type PostgresRole, reservedPoolOf } from './postgres-pools.ts'
import { type PostgresSettings, statementDeadlineMs } from './postgres-options.ts'
import { refuseStandby } from './primary-check.ts'
import { sqlFailure, unavailableFailure } from './sql-failure.ts'
import { ServerHistory } from './server-history.ts'
import { Statements } from './statements.ts'
import type { Abortable, CallOptions } from '../../call-options.ts'
import { type LoanOptions, type PostgresConnection, type PostgresStore } from './postgres-store.ts'
import { FailureError, sqlFailureIn } from '../../failure/failure-error.ts'
import { givenUp } from '../../failure/given-up.ts'
import { unlessAborted } from '../../resilience/unless-aborted.ts'
import { within } from '../../resilience/within.ts'

/**
 * PostgreSQL over a pool of `pg`, opened here or handed in.
 *
 * Never uses `pool.query`, which closes a connection for every failed statement.
 */
export class PostgresPoolStore implements Omit<PostgresStore, 'position' | 'read'> {
  readonly pool: Pool
  readonly schema: string
  readonly client: SqlClient
  readonly #settings: PostgresSettings
  readonly #deadlineMs: number
  readonly #context: ConnectionContext
  readonly #isOwn: boolean
  readonly #onPoolError: (error: unknown) => void
  readonly #turns: PoolTurns
  readonly #role: PostgresRole
  readonly #toPrimaries = new WeakSet<PoolClient>()
  #reserved: PoolTurns | undefined
  #isClosed = false

  constructor(
    settings: PostgresSettings,
    { clock, diagnostics }: StoreContext,
    role: PostgresRole = 'primary',
  ) {
    this.#settings = settings
    this.#role = role
    this.#deadlineMs = statementDeadlineMs(settings)
    this.schema = settings.schema
    this.#context = {
      clock,
      diagnostics,
      statements: new Statements(settings.schema, settings.prepare),
      history: new ServerHistory(),
      systems: new WeakMap(),
    }
    this.#isOwn = settings.pool === undefined
    this.pool = settings.pool ?? openPool(settings, role)
    this.#turns = new PoolTurns(this.pool, clock)
    this.#onPoolError = (error) => {
      diagnostics.emit('store:error', { store: 'postgres', error: quietError(error) })
    }
    // Without any listener an idle connection that the server ends would end the process.
    if (this.#isOwn || this.pool.listenerCount('error') === 0)
      this.pool.on('error', this.#onPoolError)
    this.client = { query: (text, values) => this.#autocommit(text, values, {}) }
  }

  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options: CallOptions = {},
  ): ResultAsync<SqlResult<Row>, SqlError> {
    return this.settled({ text, values }, options, () =>
      this.#autocommit<Row>(text, values, options),
    )
  }

  async withConnection<T>(
    use: (connection: PostgresConnection) => Promise<T>,
    options: LoanOptions = {},
  ): Promise<T> {
    const deadlineMs = options.deadlineMs ?? this.#deadlineMs
    const turns = options.reserved === true ? this.#reservedTurns() : this.#turns
    const { signal } = options
    const connection = new LoanedConnection(
      await this.#checkOut(turns, { operation: 'connect', deadlineMs: Infinity, signal }),
      this.#context,
      { deadlineMs },
    )
    try {
      return await use(connection)
    } finally {
      connection.release()
    }
  }

  /**
   * Asks the server how it is, over a connection of its own: a full pool is no reason not to know.
   * `deadlineMs` covers connecting as well. Rejects as `withConnection` does.
   */
  look<Row extends object>(text: string, deadlineMs: number): Promise<SqlResult<Row>> {
    const asked = { text, values: undefined }
    const limits = { reserved: true, deadlineMs }
    return this.lend(asked, limits, (connection) => connection.query<Row>(text))
  }

  /** How another URL of the server is reached, as this one is. */
  accessTo(url: string): PostgresAccess {
    return accessTo(url, this.#settings)
  }

  /**
   * Ends what was opened here; a pool that was handed in stays as it is. Connections on loan are
   * waited for.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all([this.#reserved?.pool.end(), this.#isOwn ? endPool(this.pool) : undefined])
    if (this.#isOwn) return
    this.#turns.stop()
    this.pool.off('error', this.#onPoolError)
  }

  /** Cuts off the connections of what was opened here. */
  destroy(): void {
    void this.close()
    if (this.#reserved !== undefined) cutOff(this.#reserved.pool)
    if (this.#isOwn) cutOff(this.pool)
  }

  /**
   * Lends one connection for one call: its deadline covers the wait for it. Rejects as
   * `withConnection` does.
   */
  async lend<T>(
    { text, values }: Asked,
    options: LoanOptions,
    use: (connection: PostgresConnection) => Promise<T>,
  ): Promise<T> {
    const { statements, clock } = this.#context
    const { operation } = statements.of(text, values !== undefined && values.length > 0)
    const deadlineMs = options.deadlineMs ?? this.#deadlineMs
    const { reserved, signal } = options
    const turns = reserved === true ? this.#reservedTurns() : this.#turns
    const startedMs = clock.monotonic()
    const client = await this.#checkOut(turns, { operation, deadlineMs, signal })
    const remainingMs = Math.max(1, deadlineMs - (clock.monotonic() - startedMs))
    const connection = new LoanedConnection(client, this.#context, { deadlineMs: remainingMs })
    try {
      return await use(connection)
    } finally {
      connection.release()
    }
  }

  /** The result of a call, which ends for its caller at an abort. */
  protected settled<T>(
    { text, values }: Asked,
    options: CallOptions,
    call: () => Promise<T>,
  ): ResultAsync<T, SqlError> {
    const run = () =>
      ResultAsync.fromPromise(call(), (error) => this.#failureOf(error, 'statement'))
    if (options.signal === undefined) return run()
    const { operation } = this.#context.statements.of(text, values !== undefined)
    return unlessAborted(options, { store: 'postgres', operation }, run)
  }

  #autocommit<Row extends object>(
    text: string,
    values: readonly unknown[] | undefined,
    options: CallOptions,
  ): Promise<SqlResult<Row>> {
    return this.lend({ text, values }, options, (connection) => connection.query<Row>(text, values))
  }

  async #checkOut(
    turns: PoolTurns,
    { operation, deadlineMs, signal }: Waiting,
  ): Promise<PoolClient> {
    if (this.#isClosed)
      throw new FailureError(unavailableFailure(operation, 'the stores are closed'))
    const { clock, diagnostics } = this.#context
    const stillMs = this.#settings.connectTimeoutMs
    const limitMs = Math.min(deadlineMs, longestWaitMs(this.#settings))
    const startedMs = clock.monotonic()
    try {
      const client = await turns.next({ stillMs, limitMs, signal })
      if (this.#mustBeChecked(client))
        await this.#checkOnce(client, Math.max(1, limitMs - (clock.monotonic() - startedMs)))
      return client
    } catch (error) {
      if (signal?.aborted === true)
        throw new FailureError(givenUp({ store: 'postgres', operation }))
      const failure = sqlFailure(error, { operation, deadlineMs: limitMs })
      diagnostics.emit('store:operation', {
        store: 'postgres',
        operation: 'connect',
        durationMs: clock.monotonic() - startedMs,
        outcome: failure.type,
      })
      throw new FailureError(failure)
    }
  }

  /** The store's own pool does it when it connects. */
  #mustBeChecked(client: PoolClient): boolean {
    return !this.#isOwn && this.#role === 'primary' && !this.#toPrimaries.has(client)
  }

  async #checkOnce(client: PoolClient, limitMs: number): Promise<void> {
    try {
      await within(refuseStandby(client), limitMs, () => {
        throw new Error('timeout expired')
      })
      this.#toPrimaries.add(client)
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  #reservedTurns(): PoolTurns {
    this.#reserved ??= new PoolTurns(
      reservedPoolOf(this.pool, this.#settings.reservedConnections).on('error', this.#onPoolError),
      this.#context.clock,
    )
    return this.#reserved
  }

  #failureOf(error: unknown, operation: string): SqlError {
    return sqlFailureIn(error) ?? sqlFailure(error, { operation, deadlineMs: this.#deadlineMs })
  }
}

/** The statement of a call. */
interface Asked {
  readonly text: string
  readonly values: readonly unknown[] | undefined
}

/** What a caller waits for a connection for, and how long. */
interface Waiting extends Abortable {
  readonly operation: string
  readonly deadlineMs: number
}

async function endPool(pool: Pool): Promise<void> {
  if (!pool.ending) await pool.end()
}

/**
 * `pg` offers no end that does not wait for connections on loan; their sockets are closed under
 * them.
 */
function cutOff(pool: Pool): void {
  const { _clients: clients = [] } = pool as unknown as {
    _clients?: readonly { readonly connection?: { readonly stream?: { destroy(): void } } }[]
  }
  for (const client of clients) client.connection?.stream?.destroy()
}
