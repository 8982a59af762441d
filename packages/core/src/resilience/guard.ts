import {
  bulkhead,
  type BulkheadPolicy,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  ExponentialBackoff,
  handleWhen,
  retry,
  type RetryPolicy,
} from 'cockatiel'
import { type Clock, systemClock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { StoreError, StoreName } from '../errors.ts'
import { type Result, ResultAsync } from '../result.ts'
import type { CallOptions } from '../call-options.ts'
import { attempt } from './attempt.ts'
import { AttemptFailed, type Complaint, countsAgainstStore } from './complaint.ts'
import { deadline } from './deadline.ts'
import { guardFailure } from './guard-failure.ts'

/** Options of {@link createGuard}. */
export interface GuardOptions {
  /** The store behind it. */
  readonly store: StoreName
  /** Where `store:operation` and `breaker:transition` go. */
  readonly diagnostics: Diagnostics
  /**
   * Where durations come from.
   *
   * @defaultValue the machine's clock
   */
  readonly clock?: Clock
  /**
   * Says what a rejection means.
   *
   * @defaultValue every rejection is `store-unavailable`
   */
  readonly classify?: (error: unknown) => Complaint
  /**
   * Time a call has, retries included, in milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
  /**
   * Calls under way at once.
   *
   * @defaultValue `32`
   */
  readonly maxConcurrent?: number
  /**
   * Calls that may wait for their turn; further ones are `store-unavailable` at once.
   *
   * @defaultValue `256`
   */
  readonly maxQueued?: number
  /**
   * Failures in a row that open the breaker.
   *
   * @defaultValue `5`
   */
  readonly failuresToOpen?: number
  /**
   * How long the breaker first stays open before one call may try, in milliseconds; doubles with
   * every failed try.
   *
   * @defaultValue `1_000`
   */
  readonly openMs?: number
  /**
   * The longest the breaker stays open, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly maxOpenMs?: number
  /**
   * How often an idempotent call is tried in all.
   *
   * @defaultValue `3`
   */
  readonly maxAttempts?: number
}

/** Defaults of {@link GuardOptions}. */
export const guardDefaults = {
  clock: systemClock,
  classify: (error: unknown): Complaint => ({
    type: 'store-unavailable',
    reason: error instanceof Error ? error.name : 'the call failed',
  }),
  deadlineMs: 5_000,
  maxConcurrent: 32,
  maxQueued: 256,
  failuresToOpen: 5,
  openMs: 1_000,
  maxOpenMs: 30_000,
  maxAttempts: 3,
} as const satisfies Partial<GuardOptions>

/** Options of one guarded call. */
export interface GuardedCallOptions extends CallOptions {
  /**
   * Whether the call may be carried out more than once: then failures that may pass are tried again
   * within the deadline.
   *
   * @defaultValue `false`
   */
  readonly isIdempotent?: boolean
}

/**
 * Stands between the SDK and a secondary store: deadline, breaker, a limit on calls under way,
 * retries of idempotent calls.
 */
export interface Guard {
  /** Whether the breaker is open, so that calls fail at once. */
  readonly isOpen: boolean
  /**
   * Runs one call; `signal` is aborted at the deadline and is to be passed to the client. Never
   * rejects.
   */
  run<T>(
    operation: string,
    use: (signal: AbortSignal) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError>
}

/** Makes the guard of one store. */
export function createGuard(options: GuardOptions): Guard {
  return new StoreGuard(options)
}

class StoreGuard implements Guard {
  readonly #options: Required<GuardOptions>
  readonly #bulkhead: BulkheadPolicy
  readonly #breaker: CircuitBreakerPolicy

  constructor(options: GuardOptions) {
    this.#options = { ...guardDefaults, ...options }
    const { store, diagnostics, openMs, maxOpenMs, failuresToOpen, maxConcurrent, maxQueued } =
      this.#options
    this.#bulkhead = bulkhead(maxConcurrent, maxQueued)
    this.#breaker = circuitBreaker(handleWhen(countsAgainstStore), {
      halfOpenAfter: new ExponentialBackoff({
        initialDelay: openMs,
        maxDelay: maxOpenMs,
        exponent: 2,
        generator: withoutJitter,
      }),
      breaker: new ConsecutiveBreaker(failuresToOpen),
    })
    this.#breaker.onStateChange((state) => {
      diagnostics.emit('breaker:transition', { store, state: nameOf(state) })
    })
  }

  get isOpen(): boolean {
    return this.#breaker.state === CircuitState.Open
  }

  run<T>(
    operation: string,
    use: (signal: AbortSignal) => Promise<T>,
    options: GuardedCallOptions = {},
  ): ResultAsync<T, StoreError> {
    return new ResultAsync(this.#reported(operation, use, options))
  }

  async #reported<T>(
    operation: string,
    use: (signal: AbortSignal) => Promise<T>,
    options: GuardedCallOptions,
  ): Promise<Result<T, StoreError>> {
    const { store, diagnostics, clock } = this.#options
    const startedMs = clock.monotonic()
    const result = await this.#answer(operation, use, options)
    diagnostics.emit('store:operation', {
      store,
      operation,
      durationMs: clock.monotonic() - startedMs,
      outcome: result.isOk() ? 'ok' : result.error.type,
    })
    return result
  }

  #answer<T>(
    operation: string,
    use: (signal: AbortSignal) => Promise<T>,
    options: GuardedCallOptions,
  ): ResultAsync<T, StoreError> {
    const { store, clock } = this.#options
    const ms = options.deadlineMs ?? this.#options.deadlineMs
    const endMs = clock.monotonic() + ms
    const attempts = (signal: AbortSignal): Promise<T> => {
      if (options.isIdempotent !== true) return this.#attempt(use, signal)
      return this.#retries(endMs).execute(() => this.#attempt(use, signal), signal)
    }
    return deadline(attempts, {
      ms,
      store,
      operation,
      signal: options.signal,
      failure: (error) => guardFailure(error, { store, operation, deadlineMs: ms }),
    })
  }

  #attempt<T>(use: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#bulkhead.execute(
      () => this.#breaker.execute(() => attempt(use, signal, this.#options.classify)),
      signal,
    )
  }

  #retries(endMs: number): RetryPolicy {
    const { clock, maxAttempts } = this.#options
    const mayPassInTime = (error: unknown): boolean =>
      countsAgainstStore(error) && clock.monotonic() + delayOf(error, 1) < endMs
    return retry(handleWhen(mayPassInTime), {
      maxAttempts: maxAttempts - 1,
      backoff: new DelegateBackoff((context) =>
        delayOf('error' in context.result ? context.result.error : undefined, context.attempt),
      ),
    })
  }
}

const firstDelayMs = 50

/** What the store asked for, or exponential with jitter. */
function delayOf(error: unknown, attempt: number): number {
  const askedMs = error instanceof AttemptFailed ? error.complaint.retryAfterMs : undefined
  return askedMs ?? firstDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random())
}

function withoutJitter(
  state: number | undefined,
  options: { initialDelay: number; maxDelay: number; exponent: number },
): [number, number] {
  const attempt = state ?? 0
  return [
    Math.min(options.maxDelay, options.initialDelay * options.exponent ** attempt),
    attempt + 1,
  ]
}

function nameOf(state: CircuitState): 'open' | 'half-open' | 'closed' {
  if (state === CircuitState.Closed) return 'closed'
  return state === CircuitState.HalfOpen ? 'half-open' : 'open'
}
