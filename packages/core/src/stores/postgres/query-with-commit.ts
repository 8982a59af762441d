import type { ClientBase, Connection, Query, QueryConfig, QueryResult } from 'pg'

/**
 * The class of statements that a client takes, from its own copy of `pg`: that of another copy may
 * be put together differently. `undefined` where COMMIT cannot follow in the same message, as with
 * the native client.
 */
function queryClassOf(client: ClientBase): QueryClass | undefined {
  const { Query } = client.constructor as { readonly Query?: QueryClass }
  const speaksProtocol =
    'connection' in client &&
    typeof (client.connection as Partial<Connection> | undefined)?.sync === 'function'
  return speaksProtocol && typeof Query?.prototype._getRows === 'function' ? Query : undefined
}

/** Whether {@link queryWithCommit} works on a client. */
export function canCommitAlong(client: ClientBase): boolean {
  return queryClassOf(client) !== undefined
}

/**
 * Sends a statement with COMMIT behind it in the same message: when the statement fails the server
 * passes over COMMIT. Returns the results of both, and rejects when either fails.
 */
export function queryWithCommit(client: ClientBase, config: QueryConfig): Promise<QueryResult[]> {
  return new Promise((resolve, reject) => {
    const callback = (error: Error | null, results: QueryResult | QueryResult[]): void => {
      if (error === null) resolve([results].flat())
      else reject(error)
    }
    const OwnQuery = queryClassOf(client) as QueryClass
    const query = new OwnQuery({ ...config, queryMode: 'extended', callback })
    query._getRows = executeThenCommit
    client.query(query)
  })
}

/** What `pg` calls after it has sent the statement and its values, to have them executed. */
function executeThenCommit(connection: Connection): void {
  connection.execute({ portal: '' }, false)
  connection.parse({ name: '', text: 'COMMIT', types: [] }, false)
  connection.bind({}, false)
  connection.execute({ portal: '' }, false)
  connection.sync()
}

interface ExtendedQuery extends Query {
  _getRows: (connection: Connection) => void
}

interface QueryClass {
  readonly prototype: ExtendedQuery
  new (config: object): ExtendedQuery
}
