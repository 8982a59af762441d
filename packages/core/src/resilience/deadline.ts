import type { StoreError, StoreName } from '../errors.ts'
import { err, ok, type Result, ResultAsync } from '../result.ts'
import { givenUp } from '../failure/given-up.ts'
import { withCause } from '../failure/with-cause.ts'
import { startTimer } from './timer.ts'

/** Options of {@link deadline}. */
export interface DeadlineOptions {
  /** The time there is, in milliseconds. */
  readonly ms: number
  /** Which store is being asked; stands in the failure. */
  readonly store: StoreName
  /** What is being asked of it; stands in the failure. */
  readonly operation: string
  /** Ends the wait early; the caller gets `deadline-exceeded`. */
  readonly signal?: AbortSignal | undefined
  /**
   * Explains a rejection of the work.
   *
   * @defaultValue `store-unavailable`
   */
  readonly failure?: (error: unknown) => StoreError
}

/** The reason of an abort that a deadline caused. */
export class DeadlinePassed extends Error {
  constructor(ms: number) {
    super(`the deadline of ${ms} ms has passed`)
    this.name = 'DeadlinePassed'
  }
}

/**
 * Waits for `work` for `ms` at most, then answers `deadline-exceeded` whether or not the work
 * ends. A function receives a signal that is aborted then, to be passed on to its own calls. Never
 * rejects.
 */
export function deadline<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  options: DeadlineOptions,
): ResultAsync<T, StoreError> {
  return new ResultAsync(settle(work, options))
}

function settle<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  options: DeadlineOptions,
): Promise<Result<T, StoreError>> {
  const { ms, signal } = options
  const controller = new AbortController()
  return new Promise((resolve) => {
    const end = (reason: unknown): void => {
      stop()
      resolve(err(exceeded(options, signal?.aborted === true)))
      controller.abort(reason)
    }
    const onAbort = (): void => {
      end(signal?.reason)
    }
    const cancel = startTimer(ms, () => {
      end(new DeadlinePassed(ms))
    })
    const stop = (): void => {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    if (signal?.aborted === true) {
      onAbort()
      return
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    begun(work, controller.signal)
      .then(
        (value) => {
          resolve(ok(value))
        },
        (error: unknown) => {
          resolve(err(explained(error, options)))
        },
      )
      .finally(stop)
  })
}

async function begun<T>(
  work: Promise<T> | ((signal: AbortSignal) => Promise<T>),
  signal: AbortSignal,
): Promise<T> {
  return typeof work === 'function' ? work(signal) : work
}

/** A `failure` that throws explains nothing, and must not leave the caller without an answer. */
function explained(error: unknown, options: DeadlineOptions): StoreError {
  try {
    return options.failure?.(error) ?? unavailable(options, error)
  } catch {
    return unavailable(options, error)
  }
}

function exceeded({ ms, store, operation }: DeadlineOptions, isGivenUp: boolean): StoreError {
  if (isGivenUp) return givenUp({ store, operation }, ms)
  const message = `${store} did not answer \`${operation}\` within ${Math.round(ms)} ms`
  return { type: 'deadline-exceeded', store, operation, deadlineMs: ms, message, retryable: true }
}

function unavailable({ store, operation }: DeadlineOptions, cause: unknown): StoreError {
  const failure: StoreError = {
    type: 'store-unavailable',
    store,
    operation,
    message: `${store} is not available for \`${operation}\``,
    retryable: true,
  }
  return withCause(failure, cause)
}
