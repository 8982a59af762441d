import type { SqlClient } from './sql-client.ts'
import type { TransactionOptions } from './transaction.ts'

/**
 * What another connection needs to find out what became of a transaction.
 */
export interface TransactionIdentity {
  /** The transaction's 64-bit id. */
  readonly transactionId: string
  /** The process of the server that runs it. */
  readonly processId: number
}

/**
 * Begins a transaction and learns its identity: one round trip. The server ends it by itself when the client falls silent for longer than
 * the deadline, so that a paused process cannot commit after its holds have expired.
 */
export async function begin(connection: SqlClient, options: Required<TransactionOptions>): Promise<TransactionIdentity> {
  const { rows } = await connection.query<{ xid: string; pid: number }>(beginStatements(options))
  const row = rows[0]
  if (row === undefined) throw new Error('BEGIN did not give back the identity of the transaction')
  return { transactionId: row.xid, processId: row.pid }
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
