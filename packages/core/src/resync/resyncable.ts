import type { Failure, SqlError, StoreName } from '../errors.ts'
import type { RestoredLog } from '../outbox/after-restore.ts'
import type { RestorePoint } from '../outbox/restore-point.ts'
import type { ResultAsync } from '../result.ts'

/**
 * What becomes of something that a store holds. `void`: it is not used any more. `ended` and
 * `removed`: it is gone. `set-aside`: it was moved to where nothing reads it. `repaired` and
 * `rebuilt`: it is what PostgreSQL says. `repeated`: sinks receive it again. `passed-over`: it is
 * not assigned again. `told`: a host's own sink was told. `lost`: nothing brings it back.
 * `not-known`: nothing tells whether it belongs to the restored truth, and it was left alone.
 * `left`: it does not, and is still there, because the store refuses the change.
 */
export type ResyncOutcome =
  | 'void'
  | 'ended'
  | 'removed'
  | 'set-aside'
  | 'repaired'
  | 'rebuilt'
  | 'repeated'
  | 'passed-over'
  | 'told'
  | 'lost'
  | 'not-known'
  | 'left'

/** One kind of things that a part found. */
export interface ResyncFinding {
  /** What they are, in words. */
  readonly what: string
  /** Their number; absent where they are not counted. */
  readonly count?: number
  /** What becomes of them; in a plan, what would. */
  readonly outcome: ResyncOutcome
}

/** What a part found, or why it could not. */
export type ResyncFindings = ResultAsync<readonly ResyncFinding[], Failure<string>>

/** A restore of PostgreSQL, as every part sees it. */
export interface Restore extends RestorePoint {
  /**
   * Some time before `restoredTo`. A transaction that began after it may have been committed after
   * `restoredTo`, and the clock of another store may say so of what came later.
   */
  readonly since: Date
  /**
   * Reads which events of the time from `since` until `openedAt` the restored log holds; once,
   * however often it is called.
   */
  readonly readLog: () => ResultAsync<RestoredLog, SqlError>
}

/** Work that can be planned without changing anything, and done again without harm. */
export interface ResyncWork {
  /** Says what would be done. Changes nothing. */
  plan(): ResyncFindings
  /** Does it and says what was done. After a failure, or a crash, it may be done again. */
  apply(): ResyncFindings
}

/** A part of a platform that keeps something outside PostgreSQL. */
export interface Resyncable {
  /** Names it in reports. */
  readonly name: string
  /** Where it keeps it. */
  readonly store: StoreName
  /** Makes it agree with a PostgreSQL that was restored to an earlier moment. */
  afterRestore(restore: Restore): ResyncWork
  /** Rebuilds what it keeps after its own store was lost whole, as far as anything reaches. */
  afterLoss(): ResyncWork
}
