import { CallBudget } from '../../../call-budget.ts'
import type { CallOptions } from '../../../call-options.ts'
import type { Clock } from '../../../clock.ts'
import { Diagnostics } from '../../../diagnostics.ts'
import type { InvalidInput, SqlError } from '../../../errors.ts'
import type { ResultAsync } from '../../../result.ts'
import type { SqlResult } from '../../sql-client.ts'
import type { StoreContext } from '../../store-kind.ts'
import type { PostgresSettings, ReplicaOptions } from '../postgres-options.ts'
import { PostgresPoolStore } from '../postgres-pool-store.ts'
import type { PostgresStore, StatementBehind } from '../postgres-store.ts'
import { readOnly } from '../read-only.ts'
import { type CheckedFreshness, checkFreshness, type FreshReadOptions } from './freshness.ts'
import { type Position, positionText } from './position.ts'
import { type PositionRow, positionSql, toPosition } from './replica-queries.ts'
import { ReplicaSet } from './replica-set.ts'
import { Replica } from './replica.ts'

/** The primary, and its replicas beside it. */
export class ReplicatedStore extends PostgresPoolStore implements PostgresStore {
  readonly #clock: Clock
  readonly #replicas: ReplicaSet

  constructor(settings: PostgresSettings, context: StoreContext) {
    super(settings, context)
    this.#clock = context.clock
    const { url: _url, pool: _pool, password: _password, tls: _tls, ...shared } = settings
    const openReplica = ({ url, pool }: ReplicaOptions, index: number): Replica => {
      const access = pool === undefined ? this.accessTo(url ?? '') : { pool }
      const own = { clock: context.clock, diagnostics: diagnosticsOf(index, context.diagnostics) }
      const store = new PostgresPoolStore({ ...shared, ...access }, own, 'replica')
      return new Replica(store, context.clock)
    }
    this.#replicas = new ReplicaSet(
      {
        ...context,
        askPrimary: (deadlineMs) => this.#lookAtPrimary(deadlineMs),
        replicas: settings.replicas.map(openReplica),
      },
      settings,
    )
  }

  /** Resolves after the first look at the replicas. */
  get firstLook(): Promise<void> {
    return this.#replicas.firstLook
  }

  position(options: CallOptions = {}): ResultAsync<string, SqlError> {
    return this.#askPosition(options).map(positionText)
  }

  read<Row extends object = Record<string, unknown>>(
    text: string,
    values: readonly unknown[],
    { freshness, ...call }: FreshReadOptions,
  ): ResultAsync<SqlResult<Row>, SqlError | InvalidInput> {
    const statement = { text, values }
    return checkFreshness(freshness).asyncAndThen((checked) =>
      this.settled(
        statement,
        call,
        () => this.#answer(statement, checked, call) as Promise<SqlResult<Row>>,
      ),
    )
  }

  override async close(): Promise<void> {
    // The primary answers what a replica that closes leaves.
    await this.#replicas.close()
    await super.close()
  }

  override destroy(): void {
    this.#replicas.destroy()
    void super.close()
    super.destroy()
  }

  async #answer(
    statement: StatementBehind,
    freshness: CheckedFreshness,
    call: CallOptions,
  ): Promise<SqlResult<object>> {
    const budget = new CallBudget(this.#clock, call)
    const answer = await this.#replicas.read({ statement, freshness, call })
    if (answer !== undefined) return answer
    return this.lend(
      statement,
      budget.left(),
      (connection) => readOnly(connection, statement).result,
    )
  }

  async #lookAtPrimary(deadlineMs: number): Promise<Position> {
    const { rows } = await this.look<PositionRow>(positionSql, deadlineMs)
    return toPosition(rows[0] as PositionRow)
  }

  #askPosition(options: CallOptions): ResultAsync<Position, SqlError> {
    return this.query<PositionRow>(positionSql, [], options).map(({ rows }) =>
      toPosition(rows[0] as PositionRow),
    )
  }
}

/** What a replica's connections report is no trouble of the primary. */
function diagnosticsOf(replica: number, diagnostics: Diagnostics): Diagnostics {
  const own = new Diagnostics()
  own.on('store:error', ({ error }) => {
    diagnostics.emit('replica:error', { replica, error })
  })
  return own
}
