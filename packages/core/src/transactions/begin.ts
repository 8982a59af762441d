import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
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
  readonly timeline: number | undefined
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
  const beginWith = (timeline: string): Promise<readonly SqlResult<object>[]> =>
    connection.queryAll(`${beginSql(settings, timeline)};\n${first}`)
  const [, identity, ...results] = await connection.timeline.use(beginWith, async (timeline) => {
    await connection.query('ROLLBACK')
    return beginWith(timeline)
  })
  const row = identity?.rows[0] as IdentityRow | undefined
  if (row === undefined) throw new Error('BEGIN did not return the identity of the transaction')
  return {
    identity: {
      transactionId: row.xid,
      processId: row.pid,
      timeline: row.timeline ?? undefined,
    },
    results,
  }
}

interface IdentityRow {
  readonly xid: string
  readonly pid: number
  readonly timeline: number | null
}
