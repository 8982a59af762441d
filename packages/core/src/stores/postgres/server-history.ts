import type { SqlError } from '../../errors.ts'
import { sqlFailureIn } from '../../failure/failure-error.ts'

/**
 * SQL expressions that name the history of a server, within which a transaction id is unique; NULL
 * where the server does not tell it.
 */
export interface HistoryExpressions {
  /**
   * The timeline, a `text` of eight hexadecimal digits. A promoted standby has a new one, and
   * assigns transaction ids again that the old primary had assigned but not replicated.
   */
  readonly timeline: string
  /** The identifier of the system, a `text`; its standbys have the same one. */
  readonly system: string
  /**
   * The end of the last recovery from a crash, a `text`. A recovered server assigns the ids again
   * of transactions that it had not written down.
   */
  readonly recovery: string
  /** The end of the write-ahead log, a `pg_lsn`. */
  readonly place: string
}

/** `pg_control_checkpoint()` would still show the old timeline for a while after a promotion. */
const timelineExpression = 'left(pg_walfile_name(pg_current_wal_lsn()), 8)'

/** The timeline, an `int`. */
export const timelineNumberExpression = `('x' || ${timelineExpression})::bit(32)::int`

/** Reads a file, which costs about as much as the rest of a small statement. */
const systemExpression = '(pg_control_system()).system_identifier::text'

/** A recovery discards the statistics: they count from its end. A restart in order keeps them. */
const recoveryExpression = "date_part('epoch', pg_stat_get_bgwriter_stat_reset_time())::text"

const placeExpression = 'pg_current_wal_insert_lsn()'

/** Stands for what is not asked for. */
export const untold = 'NULL::text'

/**
 * A condition that fails the statement on a standby, which may not know of the last commits; of a
 * function of the migrations.
 */
export const onPrimary = '(SELECT @schema.server_history()) IS NOT NULL'

const all: HistoryExpressions = {
  timeline: timelineExpression,
  system: systemExpression,
  recovery: recoveryExpression,
  place: placeExpression,
}

/** Some providers refuse one, some several. */
const levels: readonly HistoryExpressions[] = [
  all,
  { ...all, system: untold },
  { ...all, system: untold, timeline: untold, place: untold },
  { timeline: untold, system: untold, recovery: untold, place: untold },
]

/** Knows how much the servers of one store tell of their history. */
export class ServerHistory {
  #level = 0

  /** As much as the servers have been found to tell. */
  get expressions(): HistoryExpressions {
    return levels[this.#level] as HistoryExpressions
  }

  /**
   * Runs `work` with the expressions. When the server may have refused one of them, calls `recover`
   * and runs `work` with fewer, and remembers that if it succeeds.
   */
  async use<T>(
    work: (expressions: HistoryExpressions) => Promise<T>,
    recover: () => Promise<unknown>,
  ): Promise<T> {
    for (let level = this.#level; ; level += 1) {
      try {
        const result = await work(levels[level] as HistoryExpressions)
        this.#level = level
        return result
      } catch (error) {
        if (level === levels.length - 1 || !isRefusal(sqlFailureIn(error))) throw error
        await recover()
      }
    }
  }
}

/** Not supported, not permitted, or no such function. */
function isRefusal(failure: SqlError | undefined): boolean {
  return (
    failure?.type === 'store-refused' && ['0A000', '42501', '42883'].includes(failure.code ?? '')
  )
}
