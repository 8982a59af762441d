import { err, ResultAsync, withCause } from '@headwater/core'
import type { Result, StoreUnavailable } from '@headwater/core'

/** Code of the host that was asked something. */
export interface Asked extends Pick<StoreUnavailable, 'store' | 'operation'> {
  /** How a message names it, for instance `the embedder`. */
  readonly who: string
}

/**
 * The answer of a host's code. What it throws, and an answer that is no `Result`, are failures that
 * may pass: one that rejected would be an unhandled rejection wherever nobody waits for it.
 */
export function contained<T, E>(
  asked: Asked,
  ask: () => PromiseLike<Result<T, E>>,
): ResultAsync<T, E | StoreUnavailable> {
  return new ResultAsync(answerOf(asked, ask))
}

async function answerOf<T, E>(
  asked: Asked,
  ask: () => PromiseLike<Result<T, E>>,
): Promise<Result<T, E | StoreUnavailable>> {
  try {
    const answer: unknown = await ask()
    if (isResult<T, E>(answer)) return answer
    return err(unavailable(asked, `answered without a Result`))
  } catch (error) {
    return err(withCause(unavailable(asked, `threw ${nameOf(error)}`), error))
  }
}

function isResult<T, E>(answer: unknown): answer is Result<T, E> {
  return typeof answer === 'object' && answer !== null && 'isErr' in answer
}

/** Without its words, which may quote the text of a course. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

function unavailable({ store, operation, who }: Asked, problem: string): StoreUnavailable {
  const message = `${operation}: ${who} ${problem}`
  return { type: 'store-unavailable', store, operation, message, retryable: true }
}
