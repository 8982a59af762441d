import type { Failure } from './errors.ts'
import { FailureError } from './failure/failure-error.ts'
import type { Result, ResultAsync } from 'neverthrow'

export { err, errAsync, ok, okAsync, Result, ResultAsync, safeTry } from 'neverthrow'
export type { Err, Ok } from 'neverthrow'

/**
 * Unwraps a result, for scripts and `main()` functions that have nothing better to do with a
 * failure than to stop.
 *
 * @throws {@link FailureError} when the result is an `Err`.
 * @throws TypeError when it is a promise, that is without an `await`.
 * @example
 * ```ts
 * const stores = orThrow(await connect({ postgres: { url }, redis: { url } }))
 * ```
 */
export function orThrow<T, E extends Failure<string>>(result: Result<T, E>): T {
  if ('then' in result) throw new TypeError('orThrow: expected a Result, got a promise: await it')
  if (result.isOk()) return result.value
  throw new FailureError(result.error)
}

/**
 * A value that arrives as a result, in either of the two shapes that an async function can give it.
 */
export type AsyncResult<T, E> = ResultAsync<T, E> | Promise<Result<T, E>>
