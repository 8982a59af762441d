import { type ClientBase, type Connection, Query, type QueryConfig, type QueryResult } from 'pg'

/**
 * A statement with COMMIT behind it in the same message: when the statement fails the server passes
 * over COMMIT. Answers with the results of both; with that of the statement alone when this `pg` is
 * put together differently, and then no COMMIT was sent.
 */
export class QueryWithCommit extends Query {
  /**
   * Whether the connection speaks the protocol in JavaScript; the native one does not take queries
   * of one's own.
   */
  static isUnderstoodBy(client: ClientBase): boolean {
    return (
      'connection' in client &&
      typeof (client.connection as Partial<Connection> | undefined)?.sync === 'function'
    )
  }

  /** Sends both. Rejects when either fails. */
  static send(client: ClientBase, config: QueryConfig): Promise<QueryResult[]> {
    return new Promise((resolve, reject) => {
      const callback = (error: Error | null, results: QueryResult | QueryResult[]): void => {
        if (error === null) resolve([results].flat())
        else reject(error)
      }
      client.query(
        new QueryWithCommit({ ...config, queryMode: 'extended', callback } as QueryConfig),
      )
    })
  }

  /** What `pg` calls after it has sent the statement and its values, to have them executed. */
  _getRows(connection: Connection): void {
    connection.execute({ portal: '' }, false)
    connection.parse({ name: '', text: 'COMMIT', types: [] }, false)
    connection.bind({}, false)
    connection.execute({ portal: '' }, false)
    connection.sync()
  }
}
