import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import type { SqlResult } from '../stores/sql-client.ts'
import type { TransactionOptions } from './transaction.ts'

/** What another connection needs to find out what became of a transaction. */
export interface TransactionIdentity {
  /** The transaction's 64-bit id. */
  readonly transactionId: string
  /** The process of the server that runs it. */
  readonly processId: number
}

/** A transaction that has begun. */
export interface BegunTransaction {
  /** Which one it is. */
  readonly identity: TransactionIdentity
  /** What the statement gave back that was sent along with BEGIN. */
  readonly result: SqlResult<object>
}

/**
 * Begins a transaction, learns its identity and runs a first statement without parameters, if there
 * is one: all in one round trip. The server ends the transaction by itself when the client falls
 * silent for longer than the deadline, so that a paused process cannot commit after its holds have
 * expired.
 */
export async function begin(
  connection: PostgresConnection,
  options: Required<TransactionOptions>,
  first = '',
): Promise<BegunTransaction> {
  const [, identity, ...results] = await connection.queryAll(
    `${beginStatements(options)};\n${first}`,
  )
  const row = identity?.rows[0] as { readonly xid: string; readonly pid: number } | undefined
  if (row === undefined) throw new Error('BEGIN did not give back the identity of the transaction')
  return {
    identity: { transactionId: row.xid, processId: row.pid },
    result: results.at(-1) ?? { rows: [], rowCount: null },
  }
}

function beginStatements({ deadlineMs, isolation }: Required<TransactionOptions>): string {
  const limit = Math.ceil(deadlineMs)
  return `
    BEGIN ISOLATION LEVEL ${isolation.toUpperCase()};
    SELECT
      pg_current_xact_id()::text AS xid,
      pg_backend_pid() AS pid,
      set_config('statement_timeout', '${limit}', true),
      set_config('idle_in_transaction_session_timeout', '${limit}', true)`
}
