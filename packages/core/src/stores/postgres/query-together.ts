import type { ClientBase, Connection, Query, QueryConfig, QueryResult } from 'pg'

/**
 * The class of statements that a client takes, from its own copy of `pg`: that of another copy may
 * be put together differently. `undefined` where statements cannot share a message, as with the
 * native client.
 */
function queryClassOf(client: ClientBase): QueryClass | undefined {
  const { Query } = client.constructor as { readonly Query?: QueryClass }
  const speaksProtocol =
    'connection' in client &&
    typeof (client.connection as Partial<Connection> | undefined)?.sync === 'function'
  return speaksProtocol && typeof Query?.prototype._getRows === 'function' ? Query : undefined
}

/** Whether {@link queryTogether} works on a client. */
export function canQueryTogether(client: ClientBase): boolean {
  return queryClassOf(client) !== undefined
}

/** A statement that shares the message of another one. */
export interface Companion {
  readonly text: string
  /** The name it is prepared under on each connection; absent for one that is parsed each time. */
  readonly name?: string
  readonly values?: readonly string[]
}

/** Statements that share the message of another one. */
export interface Companions {
  /** Those in front of it. */
  readonly ahead?: readonly Companion[]
  /** Receives their results, which arrive while it still runs. */
  readonly onAhead?: (results: QueryResult[]) => void
  /** The one behind it. */
  readonly behind?: Companion
}

/**
 * Sends a statement and its companions in one message: when one of them fails the server passes
 * over the rest. Returns the results of all, and rejects when any of them fails.
 */
export function queryTogether(
  client: ClientBase,
  config: QueryConfig,
  { ahead = [], onAhead, behind }: Companions,
): Promise<QueryResult[]> {
  return new Promise((resolve, reject) => {
    const callback = (error: Error | null, results: QueryResult | QueryResult[]): void => {
      if (error === null) resolve([results].flat())
      else reject(error)
    }
    const OwnQuery = queryClassOf(client) as QueryClass
    const query = new OwnQuery({ ...config, queryMode: 'extended', callback })
    // What `pg` calls after it has sent the statement and its values, to have them executed.
    query._getRows = (connection) => {
      connection.execute({ portal: '' }, false)
      if (behind !== undefined) sendWhole(connection, behind)
      connection.sync()
    }
    if (ahead.length > 0) sendAhead(query, ahead, onAhead)
    client.query(query)
  })
}

/**
 * Puts statements in front of a query. `pg` takes the first statement that the server has parsed
 * for the one with the query's name, so the query has none until its own turn.
 */
function sendAhead(
  query: ExtendedQuery,
  ahead: readonly Companion[],
  onResults: Companions['onAhead'],
): void {
  const { name } = query
  const { prepare, handleCommandComplete, handleError } = query
  const waiting = [...ahead]
  query.prepare = (connection) => {
    for (const companion of ahead) sendWhole(connection, companion)
    connection.flush()
    prepare.call(query, connection)
    query.name = undefined
  }
  query.handleCommandComplete = (message, connection) => {
    handleCommandComplete.call(query, message, connection)
    const done = waiting.shift()
    if (done === undefined) return
    if (done.name !== undefined) connection.parsedStatements[done.name] = done.text
    if (waiting.length > 0) return
    query.name = name
    onResults?.([query._results].flat())
  }
  query.handleError = (error, connection) => {
    if (waiting.length > 0 && name !== undefined) delete connection.submittedNamedStatements?.[name]
    handleError.call(query, error, connection)
  }
}

/**
 * Sends a statement with all that its execution needs. A name that did not get as far as its result
 * may be taken on the server all the same, so it is freed before it is given.
 */
function sendWhole(connection: OwnConnection, { name = '', text, values }: Companion): void {
  if (connection.parsedStatements[name] === undefined) {
    if (name !== '') connection.close({ type: 'S', name }, false)
    connection.parse({ name, text, types: [] }, false)
  }
  connection.bind({ statement: name, values: [...(values ?? [])] }, false)
  connection.describe({ type: 'P', name: '' }, false)
  connection.execute({ portal: '' }, false)
}

interface OwnConnection extends Connection {
  /** Texts of the statements that the server has parsed, by name. */
  readonly parsedStatements: Record<string, string>
  /** Statements that `pg` has sent and the server has not parsed yet; absent before 8.23. */
  readonly submittedNamedStatements?: Record<string, string>
}

interface ExtendedQuery extends Query {
  name: string | undefined
  readonly _results: QueryResult | QueryResult[]
  _getRows: (connection: OwnConnection) => void
  prepare: (connection: OwnConnection) => void
  handleCommandComplete: (message: unknown, connection: OwnConnection) => void
  handleError: (error: Error, connection: OwnConnection) => void
}

interface QueryClass {
  readonly prototype: ExtendedQuery
  new (config: object): ExtendedQuery
}
