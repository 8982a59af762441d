import type { Abortable } from '../call-options.ts'
import type { DeadlineExceeded } from '../errors.ts'
import { givenUp, type NamedOperation } from '../failure/given-up.ts'
import { err, errAsync, type Result, ResultAsync } from '../result.ts'

/**
 * Begins `work` and waits for it until the caller aborts; then the result is `deadline-exceeded`,
 * and `work`, which others may be waiting for, goes on by itself. Without a signal it is just the
 * work. A signal that is aborted already begins nothing.
 */
export function unlessAborted<T, E>(
  options: Abortable | undefined,
  operation: NamedOperation,
  work: () => ResultAsync<T, E>,
): ResultAsync<T, E | DeadlineExceeded> {
  const signal = options?.signal
  if (signal === undefined) return work()
  if (signal.aborted) return errAsync(givenUp(operation))
  return new ResultAsync(raced(work(), signal, operation))
}

async function raced<T, E>(
  work: PromiseLike<Result<T, E>>,
  signal: AbortSignal,
  operation: NamedOperation,
): Promise<Result<T, E | DeadlineExceeded>> {
  const aborted = Promise.withResolvers<Result<never, DeadlineExceeded>>()
  const giveUp = (): void => {
    aborted.resolve(err(givenUp(operation)))
  }
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
