/** The result of a statement: the structural subset of `pg`'s result that the SDK uses. */
export interface SqlResult<Row> {
  /** The rows, in the server's order. */
  readonly rows: Row[]
  /** Rows affected or returned; `null` for statements that count nothing. */
  readonly rowCount: number | null
  /**
   * The command's tag as the server reported it, for instance `COMMIT`; `pg` gives it, a wrap
   * around an ORM need not.
   */
  readonly command?: string
}

/**
 * Anything that runs one SQL statement: a transaction of ours, a `pg` client or pool, or a thin
 * wrap around a host's own ORM transaction.
 *
 * Rejects when the statement fails, as `pg` does.
 */
export interface SqlClient {
  /** Runs one statement with positional parameters (`$1`, `$2`, …). */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<SqlResult<Row>>
}
