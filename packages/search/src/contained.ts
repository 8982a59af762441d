import { err, ResultAsync, withCause } from '@headwater/core'
import type { Result, StoreUnavailable } from '@headwater/core'

/** Code of the host that is asked something. */
export interface Asked extends Pick<StoreUnavailable, 'store' | 'operation'> {
  /** How a message names it, for instance `the embedder`. */
  readonly who: string
}

const thrown = new WeakSet<object>()

/** Whether a failure stands for a mistake of the host's code, rather than for an outage. */
export function isMistake(failure: object): boolean {
  return thrown.has(failure)
}

/**
 * The answer of a host's code. What it throws, an answer that is no `Result`, and a value that is
 * none, are failures that may pass: one that rejected would be an unhandled rejection wherever
 * nobody waits for it.
 */
export function contained<T, E>(
  asked: Asked,
  ask: () => PromiseLike<Result<T, E>>,
  isValue: (value: unknown) => boolean = () => true,
): ResultAsync<T, E | StoreUnavailable> {
  return new ResultAsync(answerOf(asked, ask, isValue))
}

async function answerOf<T, E>(
  asked: Asked,
  ask: () => PromiseLike<Result<T, E>>,
  isValue: (value: unknown) => boolean,
): Promise<Result<T, E | StoreUnavailable>> {
  try {
    const answer: unknown = await ask()
    if (!isResult<T, E>(answer)) return err(unavailable(asked, 'answered without a Result'))
    if (answer.isErr() || isValue(answer.value)) return answer
    return err(unavailable(asked, 'answered with something else than was asked'))
  } catch (error) {
    return err(withCause(unavailable(asked, `threw ${nameOf(error)}`), error))
  }
}

function isResult<T, E>(answer: unknown): answer is Result<T, E> {
  const { isOk, isErr } = Object(answer) as { readonly isOk?: unknown; readonly isErr?: unknown }
  return typeof isOk === 'function' && typeof isErr === 'function'
}

/** Without its words, which may quote the text of a course. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

function unavailable({ store, operation, who }: Asked, problem: string): StoreUnavailable {
  const message = `${operation}: ${who} ${problem}`
  const failure: StoreUnavailable = {
    type: 'store-unavailable',
    store,
    operation,
    message,
    retryable: true,
  }
  thrown.add(failure)
  return failure
}
