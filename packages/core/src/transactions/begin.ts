import type { PostgresConnection } from '../stores/postgres/postgres-store.ts'
import { type HistoryExpressions, untold } from '../stores/postgres/server-history.ts'
import type { SqlResult } from '../stores/sql-client.ts'
import { beginSql, identitySql, limitOf } from './transaction-queries.ts'
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
  /**
   * A place in the write-ahead log before its commit; `undefined` when the server does not tell.
   */
  readonly place: string | undefined
}

/** A transaction that has begun. */
export interface BegunTransaction {
  readonly identity: TransactionIdentity
  /** The results of the first statement, which was sent along with BEGIN and may still run. */
  readonly results: Promise<readonly SqlResult<object>[]>
}

/** The first statement of a transaction; several where it has no parameters. */
export interface FirstStatement {
  readonly text: string
  readonly values: readonly unknown[]
}

/**
 * Begins a transaction, learns its identity and runs a first statement, if there is one: all in one
 * round trip. The server ends the transaction by itself when the client is silent for longer than
 * the deadline, so that a paused process cannot commit after its holds have expired.
 */
export async function begin(
  connection: PostgresConnection,
  settings: TransactionSettings,
  first: FirstStatement = { text: '', values: [] },
): Promise<BegunTransaction> {
  const beginWith = ({ system, ...history }: HistoryExpressions): Promise<Sent> => {
    const unknown = connection.system === undefined ? system : untold
    return sendAlong(connection, { settings, history: { ...history, system: unknown }, first })
  }
  const rollBack = (): Promise<unknown> => connection.query('ROLLBACK')
  const { identity, results } = await connection.history.use(beginWith, rollBack)
  const row = identity?.rows[0] as { readonly identity: string } | undefined
  if (row === undefined) throw new Error('BEGIN did not return the identity of the transaction')
  const begun = identityOf(row.identity)
  connection.system ??= begun.system
  return { identity: { ...begun, system: connection.system }, results }
}

interface Beginning {
  readonly settings: TransactionSettings
  readonly history: HistoryExpressions
  readonly first: FirstStatement
}

interface Sent {
  readonly identity: SqlResult<object> | undefined
  readonly results: BegunTransaction['results']
}

/** The identity is asked for by a prepared statement where it can be: half its cost is the plan. */
async function sendAlong(
  connection: PostgresConnection,
  { settings, history, first: { text, values } }: Beginning,
): Promise<Sent> {
  const limit = limitOf(settings)
  if (values.length === 0) {
    const identity = identitySql(history, `'${limit}'`)
    const [, answer, ...results] = await connection.queryAll(
      [beginSql(settings), identity, text].join(';\n'),
    )
    return { identity: answer, results: Promise.resolve(results) }
  }
  const { ahead, result } = connection.queryBehind(
    [
      { text: beginSql(settings), values: [] },
      { text: identitySql(history, '$1'), values: [limit] },
    ],
    { text, values },
  )
  const results = result.then((one) => [one])
  // Where the beginning fails nobody looks at the statement, which was passed over.
  results.catch(() => undefined)
  const [, identity] = await ahead
  return { identity, results }
}

/** Parts that the server does not tell are empty. */
function identityOf(text: string): TransactionIdentity {
  const [transactionId = '', processId, timeline, system, recoveredAt, place] = text.split(' ')
  return {
    transactionId,
    processId: Number(processId),
    timeline: timeline === '' ? undefined : timeline,
    system: system === '' ? undefined : system,
    recoveredAt: recoveredAt === '' ? undefined : recoveredAt,
    place: place === '' ? undefined : place,
  }
}
