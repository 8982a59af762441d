import type { SqlError } from '../errors.ts'

/** What a statement's rejection is: an `Error` for the stack, with the typed failure inside. */
export class StatementFailed extends Error {
  /** The typed failure. */
  readonly failure: SqlError

  constructor(failure: SqlError) {
    super(failure.message, { cause: failure.cause })
    this.name = 'StatementFailed'
    this.failure = failure
  }
}
