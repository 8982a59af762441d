import type { Failure, SqlError } from '../errors.ts'
import { FailureError, failureIn } from '../failure/failure-error.ts'
import { isOutage } from '../failure/is-outage.ts'
import { withCause } from '../failure/with-cause.ts'

/**
 * A migration could not be applied. Of the transaction that it stood in nothing was; files before
 * one that is applied online, and steps of that one, may have been.
 */
export interface MigrationFailed extends Failure<'migration-failed'> {
  /** The set the file belongs to. */
  readonly set: string
  /** The file's name; empty when the set could not be read at all. */
  readonly file: string
  /**
   * `changed`: the file is not what was applied under its name. `out-of-order`: its name sorts
   * before one that was applied. `statement`: the server refused it, or it has no place in a file
   * that is applied online. `unreadable`: the set's directory could not be read.
   */
  readonly reason: 'changed' | 'out-of-order' | 'statement' | 'unreadable'
}

/** The rejection that ends the run, and with it the transaction. */
export function stopped(
  set: string,
  { message, cause, ...rest }: Pick<MigrationFailed, 'file' | 'reason' | 'message' | 'cause'>,
): FailureError<MigrationFailed> {
  const failure: MigrationFailed = {
    type: 'migration-failed',
    set,
    ...rest,
    message: `${[set, rest.file].filter(Boolean).join('/')}: ${message}`,
    retryable: false,
  }
  return new FailureError(withCause(failure, cause))
}

/** What a file's statement rejects with; names the file where the server refused the statement. */
export function stoppedBy(error: unknown, set: string, file: string): unknown {
  const failure = failureIn<SqlError>(error)
  if (failure === undefined || isPassing(failure)) return error
  return stopped(set, {
    file,
    reason: 'statement',
    message: failure.cause instanceof Error ? failure.cause.message : failure.message,
    cause: failure,
  })
}

/** Whether the same statement may succeed when it is run again. */
export function isPassing(failure: SqlError): boolean {
  return isOutage(failure) || failure.type === 'serialization-failed'
}
