import type { SqlError } from '../../errors.ts'
import { sqlFailureIn } from '../../failure-error.ts'

/**
 * The timeline of the server as an SQL expression. A promoted standby has a new one, and assigns
 * transaction ids again that the old primary had assigned but not replicated.
 * `pg_control_checkpoint()` would still show the old timeline for a while.
 */
export const timelineExpression =
  "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int"

const noTimeline = 'NULL::int'

/** Knows whether the servers of one store tell their timeline: those of some providers refuse. */
export class ServerTimeline {
  #isTold = true

  /** The timeline as an SQL expression, NULL where the server does not tell it. */
  get expression(): string {
    return this.#isTold ? timelineExpression : noTimeline
  }

  /**
   * Runs `work` with the expression. When the server may have refused that, runs `again` without a
   * timeline, and remembers it if that succeeds.
   */
  async use<T>(
    work: (expression: string) => Promise<T>,
    again: (expression: string) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.expression)
    } catch (error) {
      if (!this.#isTold || !isRefusal(sqlFailureIn(error))) throw error
      const result = await again(noTimeline)
      this.#isTold = false
      return result
    }
  }
}

/** Not supported, not permitted, or no such function. */
function isRefusal(failure: SqlError | undefined): boolean {
  return (
    failure?.type === 'store-refused' && ['0A000', '42501', '42883'].includes(failure.code ?? '')
  )
}
