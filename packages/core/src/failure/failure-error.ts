import type { Failure, SqlError } from '../errors.ts'

/**
 * Carries a typed failure through a throw or a rejection: what `tx.query` rejects with, what a sink
 * may throw, what {@link orThrow} throws.
 */
export class FailureError<F extends Failure<string> = Failure<string>> extends Error {
  /** The typed failure. */
  readonly failure: F

  constructor(failure: F) {
    super(failure.message, failure.cause === undefined ? {} : { cause: failure.cause })
    this.name = 'FailureError'
    this.failure = failure
  }
}

/** The failure that an error carries, `undefined` for any other error. */
export function failureIn<F extends Failure<string>>(error: unknown): F | undefined {
  // By its name, since a process can hold several copies of the class: a bundle of Next.js has one
  // for its instrumentation and one for its routes.
  const isOne = error instanceof Error && error.name === 'FailureError'
  return isOne ? (error as FailureError<F>).failure : undefined
}

/** The failure of a statement that an error carries, `undefined` for any other error. */
export function sqlFailureIn(error: unknown): SqlError | undefined {
  const failure = failureIn<SqlError>(error)
  return failure?.store === 'postgres' ? failure : undefined
}
