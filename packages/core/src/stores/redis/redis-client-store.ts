import type { RedisClientType } from '@redis/client'
import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import type { StoreContext } from '../store-kind.ts'
import type { StoreError } from '../../errors.ts'
import { Deadlines } from '../../resilience/deadlines.ts'
import { err, errAsync, ok, type Result, ResultAsync } from '../../result.ts'
import { RedisBreaker } from './redis-breaker.ts'
import { redisDeadlineExceeded, redisFailure, redisUnavailable } from './redis-failure.ts'
import { RedisLink } from './redis-link.ts'
import type { RedisSettings } from './redis-options.ts'
import type { CallOptions } from '../../call-options.ts'
import type { RedisConnection, RedisStore } from './redis-store.ts'

/**
 * Redis over a client of node-redis, opened here or handed in. On the way of a command that
 * succeeds stand a comparison, a set insertion and a deletion; whatever else happens is on the way
 * of those that fail.
 */
export class RedisClientStore implements RedisStore {
  readonly keyPrefix: string
  readonly #link: RedisLink
  readonly #breaker: RedisBreaker
  readonly #deadlines: Deadlines
  readonly #deadlineMs: number
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics
  readonly #trustListeners = new Set<() => void>()
  #unanswered = 0

  constructor(settings: RedisSettings, { clock, diagnostics }: StoreContext) {
    this.keyPrefix = settings.keyPrefix
    this.#deadlineMs = settings.deadlineMs
    this.#clock = clock
    this.#diagnostics = diagnostics
    this.#deadlines = new Deadlines(settings.deadlineMs, clock)
    this.#breaker = new RedisBreaker(clock, (state) => {
      this.#onBreaker(state)
    })
    this.#link = new RedisLink(settings, {
      onUp: () => {
        this.#onUp()
      },
      onDown: () => {
        this.#loseTrust()
      },
      onError: (error) => {
        diagnostics.emit('store:error', { store: 'redis', error })
      },
    })
  }

  get client(): RedisConnection {
    return this.#link.client
  }

  get runId(): string | undefined {
    return this.#link.runId
  }

  get isAvailable(): boolean {
    return this.#link.isUp && this.#breaker.wouldAdmit
  }

  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: CallOptions,
  ): ResultAsync<T, StoreError> {
    if (!this.#link.isUp) return errAsync(redisUnavailable(operation, this.#link.reason))
    if (options?.signal?.aborted === true) return errAsync(redisDeadlineExceeded(operation, 0))
    if (!this.#breaker.admit()) return errAsync(redisUnavailable(operation, 'its breaker is open'))
    return new ResultAsync(this.#timed(operation, command, options))
  }

  onTrustLost(listener: () => void): () => void {
    this.#trustListeners.add(listener)
    return () => {
      this.#trustListeners.delete(listener)
    }
  }

  /**
   * Resolves when commands can be served; `'first-attempt'` also when the first attempt has failed.
   */
  whenUp(until: 'up' | 'first-attempt'): Promise<void> {
    return this.#link.whenUp(until)
  }

  /** Lets commands under way end and closes the client, unless it was handed in. */
  close(): Promise<void> {
    return this.#link.close()
  }

  /** Closes the client now, unless it was handed in. */
  destroy(): void {
    this.#link.destroy()
  }

  #timed<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options: CallOptions | undefined,
  ): Promise<Result<T, StoreError>> {
    return new Promise((resolve) => {
      const deadlineMs = options?.deadlineMs ?? this.#deadlineMs
      const deadlines =
        deadlineMs === this.#deadlineMs ? this.#deadlines : new Deadlines(deadlineMs, this.#clock)
      const startedMs = this.#diagnostics.isHeard('store:operation')
        ? this.#clock.monotonic()
        : undefined
      const end = (result: Result<T, StoreError>): void => {
        if (startedMs !== undefined)
          this.#report(operation, this.#clock.monotonic() - startedMs, result)
        resolve(result)
      }
      const running = deadlines.start(() => {
        end(this.#late(operation, deadlineMs))
      })
      const answer = started(command, this.#link.client as RedisClientType)
      answer.then(
        (value) => {
          if (deadlines.end(running)) end(this.#answered(value))
        },
        (error: unknown) => {
          if (deadlines.end(running)) end(this.#rejected(operation, error))
        },
      )
      whenAborted(options?.signal, answer, () => {
        if (!deadlines.end(running)) return
        this.#breaker.abandoned()
        end(err(redisDeadlineExceeded(operation, deadlineMs)))
      })
    })
  }

  #answered<T>(value: T): Result<T, StoreError> {
    this.#unanswered = 0
    this.#breaker.succeeded()
    return ok(value)
  }

  #rejected<T>(operation: string, error: unknown): Result<T, StoreError> {
    const failure = redisFailure(error, operation)
    if (failure.type === 'store-refused') {
      this.#unanswered = 0
      this.#breaker.succeeded()
    } else {
      this.#breaker.failed()
      // A primary that has become a replica refuses writes on a connection that never breaks by
      // itself.
      if (failure.message.endsWith(': READONLY')) this.#link.replace()
    }
    return err(failure)
  }

  #late<T>(operation: string, deadlineMs: number): Result<T, StoreError> {
    const failure = redisDeadlineExceeded(operation, deadlineMs)
    this.#unanswered += 1
    this.#loseTrust()
    this.#breaker.failed()
    if (this.#unanswered >= unansweredUntilReplaced) {
      this.#unanswered = 0
      this.#link.replace()
    }
    return err(failure)
  }

  #onUp(): void {
    this.#unanswered = 0
    this.#breaker.reset()
  }

  #onBreaker(state: 'open' | 'half-open' | 'closed'): void {
    this.#diagnostics.emit('breaker:transition', { store: 'redis', state })
    if (state === 'open') this.#loseTrust()
  }

  #loseTrust(): void {
    for (const listener of this.#trustListeners) listener()
  }

  #report(operation: string, durationMs: number, result: Result<unknown, StoreError>): void {
    this.#diagnostics.emit('store:operation', {
      store: 'redis',
      operation,
      durationMs,
      outcome: result.isOk() ? 'ok' : result.error.type,
    })
  }
}

/**
 * Commands in a row past their deadline after which the connection is taken for dead, though nobody
 * has closed it.
 */
const unansweredUntilReplaced = 5

function started<T>(
  command: (client: RedisClientType) => Promise<T>,
  client: RedisClientType,
): Promise<T> {
  try {
    return command(client)
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }
}

function whenAborted(
  signal: AbortSignal | undefined,
  until: Promise<unknown>,
  giveUp: () => void,
): void {
  if (signal === undefined) return
  const stop = (): void => {
    signal.removeEventListener('abort', giveUp)
  }
  signal.addEventListener('abort', giveUp, { once: true })
  until.then(stop, stop)
}
