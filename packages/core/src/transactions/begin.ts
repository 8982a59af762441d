import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { type HistoryExpressions, untold } from '../stores/postgres/server-history.ts'
import type { SqlResult } from '../stores/sql-client.ts'
import { beginSql } from './transaction-queries.ts'
import type { TransactionSettings } from './transaction-options.ts'

/** The facts by which another connection can find the outcome of a transaction. */
export interface TransactionIdentity {
  /** The transaction's 64-bit id. */
  readonly transactionId: string
  /** Process id of its backend. */
  readonly processId: number
  /**
   * The server's timeline, on which the id is unique; `undefined` when the server does not tell.
   */
  readonly timeline: string | undefined
  /** The identifier of its system; `undefined` when the server does not tell. */
  readonly system: string | undefined
  /** The end of its last recovery from a crash; `undefined` when the server does not tell. */
  readonly recoveredAt: string | undefined
}

/** A transaction that has begun. */
export interface BegunTransaction {
  readonly identity: TransactionIdentity
  /** The results of the statements that were sent along with BEGIN. */
  readonly results: readonly SqlResult<object>[]
}

/**
 * Begins a transaction, learns its identity and runs a first statement without parameters, if there
 * is one: all in one round trip. The server ends the transaction by itself when the client is
 * silent for longer than the deadline, so that a paused process cannot commit after its holds have
 * expired.
 */
export async function begin(
  connection: PostgresConnection,
  settings: TransactionSettings,
  first = '',
): Promise<BegunTransaction> {
  const beginWith = ({ system, ...history }: HistoryExpressions): Promise<Results> => {
    const unknown = connection.system === undefined ? system : untold
    return connection.queryAll(`${beginSql(settings, { ...history, system: unknown })};\n${first}`)
  }
  const rollBack = (): Promise<unknown> => connection.query('ROLLBACK')
  const [, identity, ...results] = await connection.history.use(beginWith, rollBack)
  const row = identity?.rows[0] as { readonly identity: string } | undefined
  if (row === undefined) throw new Error('BEGIN did not return the identity of the transaction')
  const begun = identityOf(row.identity)
  connection.system ??= begun.system
  return { identity: { ...begun, system: connection.system }, results }
}

/** Parts that the server does not tell are empty. */
function identityOf(text: string): TransactionIdentity {
  const [transactionId = '', processId, timeline, system, recoveredAt] = text.split(' ')
  return {
    transactionId,
    processId: Number(processId),
    timeline: timeline === '' ? undefined : timeline,
    system: system === '' ? undefined : system,
    recoveredAt: recoveredAt === '' ? undefined : recoveredAt,
  }
}

type Results = readonly SqlResult<object>[]
