import type { Result, ResultAsync } from 'neverthrow'

export { err, errAsync, ok, okAsync, Result, ResultAsync, safeTry } from 'neverthrow'
export type { Err, Ok } from 'neverthrow'

/** The error that {@link orThrow} throws: carries the typed failure as its `cause`. */
export class UnexpectedFailure extends Error {
  constructor(failure: unknown) {
    super(messageOf(failure), { cause: failure })
    this.name = 'UnexpectedFailure'
  }
}

function messageOf(failure: unknown): string {
  if (typeof failure !== 'object' || failure === null) return String(failure)
  const { type, message } = failure as { type?: unknown; message?: unknown }
  return [type, message].filter((part) => typeof part === 'string').join(': ')
}

/**
 * Unwraps a result, for scripts and `main()` functions that have nothing better to do with a
 * failure than to stop.
 *
 * @throws {@link UnexpectedFailure} when the result is an `Err`; the failure is its `cause`.
 * @example
 * ```ts
 * const stores = orThrow(await connect({ postgres: { url }, redis: { url } }))
 * ```
 */
export function orThrow<T, E>(result: Result<T, E>): T {
  if (result.isOk()) return result.value
  throw new UnexpectedFailure(result.error)
}

/**
 * A value that arrives as a result, in either of the two shapes that an async function can give it.
 */
export type AsyncResult<T, E> = ResultAsync<T, E> | Promise<Result<T, E>>
