import { givenUp } from '../../failure/given-up.ts'
import type { RedisClientType } from '@redis/client'
import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import type { StoreContext } from '../store-kind.ts'
import type { StoreError } from '../../errors.ts'
import { err, ok, type Result, ResultAsync } from '../../result.ts'
import { CommandDeadlines } from './command-deadlines.ts'
import { HeavyTurns } from './heavy-turns.ts'
import type { LinkMoment } from './link-listeners.ts'
import { RedisBreaker } from './redis-breaker.ts'
import { redisDeadlineExceeded, redisFailure, redisUnavailable } from './redis-failure.ts'
import { RedisLink } from './redis-link.ts'
import type { RedisSettings } from './redis-options.ts'
import type { RedisCallOptions, RedisConnection, RedisStore, RedisUse } from './redis-store.ts'
import { type SharedRedis, UsedRedis } from './redis-use.ts'

/**
 * Redis over a client of node-redis, opened here or handed in. On the way of a command that
 * succeeds stand a comparison, a set insertion and a deletion; whatever else happens is on the way
 * of those that fail.
 */
export class RedisClientStore implements SharedRedis {
  readonly keyPrefix: string
  readonly #link: RedisLink
  readonly #breaker: RedisBreaker
  readonly #deadlines: CommandDeadlines
  readonly #clock: Clock
  readonly #diagnostics: Diagnostics
  readonly #uses = new Map<RedisUse, { breaker: RedisBreaker; store: RedisStore }>()
  readonly #heavyTurns = new HeavyTurns()
  readonly #trustListeners = new Set<() => void>()
  #answers = 0
  #unanswered = 0

  constructor(settings: RedisSettings, { clock, diagnostics }: StoreContext) {
    this.keyPrefix = settings.keyPrefix
    this.#clock = clock
    this.#diagnostics = diagnostics
    this.#deadlines = new CommandDeadlines(settings.deadlineMs, clock)
    this.#breaker = this.#newBreaker()
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

  get isUp(): boolean {
    return this.#link.isUp
  }

  get isAvailable(): boolean {
    return this.#link.isUp && this.#breaker.wouldAdmit
  }

  usedFor(use: RedisUse): RedisStore {
    const known = this.#uses.get(use)
    if (known !== undefined) return known.store
    const breaker = this.#newBreaker(use)
    const store = new UsedRedis(this, { use, breaker, deadlineMs: this.#deadlines.usualMs })
    this.#uses.set(use, { breaker, store })
    return store
  }

  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: RedisCallOptions,
  ): ResultAsync<T, StoreError> {
    return this.runBehind(this.#breaker, { operation, run: command }, options)
  }

  runBehind<T>(
    breaker: RedisBreaker,
    command: Command<T>,
    options: RedisCallOptions | undefined,
  ): ResultAsync<T, StoreError> {
    const isHeavy = (options?.characters ?? 0) >= heavyCharacters
    return new ResultAsync(
      isHeavy
        ? this.#heavyTurns.take(() => this.#admitted(breaker, command, options))
        : this.#admitted(breaker, command, options),
    )
  }

  onTrustLost(listener: () => void): () => void {
    this.#trustListeners.add(listener)
    return () => {
      this.#trustListeners.delete(listener)
    }
  }

  /**
   * Resolves when commands can be served; `'up-or-denied'` also when the server refuses the
   * credentials, and `'first-attempt'` when the first attempt has failed.
   */
  whenUp(until: LinkMoment): Promise<void> {
    return this.#link.whenUp(until)
  }

  /** Whether the server has refused the credentials. */
  get isDenied(): boolean {
    return this.#link.isDenied
  }

  /** Why it is not up. */
  get downReason(): string {
    return this.#link.reason
  }

  /** Lets commands under way end and closes the client, unless it was handed in. */
  close(): Promise<void> {
    return this.#link.close()
  }

  /** Closes the client now, unless it was handed in. */
  destroy(): void {
    this.#link.destroy()
  }

  #admitted<T>(
    breaker: RedisBreaker,
    command: Command<T>,
    options: RedisCallOptions | undefined,
  ): Promise<Result<T, StoreError>> {
    const refused = (failure: StoreError) => Promise.resolve(err(failure))
    if (!this.#link.isUp) return refused(redisUnavailable(command.operation, this.#link.reason))
    if (options?.signal?.aborted === true)
      return refused(givenUp({ store: 'redis', operation: command.operation }))
    if (!breaker.admit()) return refused(redisUnavailable(command.operation, 'its breaker is open'))
    return this.#timed(breaker, command, options)
  }

  #timed<T>(
    breaker: RedisBreaker,
    { operation, run }: Command<T>,
    options: RedisCallOptions | undefined,
  ): Promise<Result<T, StoreError>> {
    return new Promise((resolve) => {
      const answersBefore = this.#answers
      const deadlines = this.#deadlines.of(options)
      const { ms: deadlineMs } = deadlines
      const startedMs = this.#diagnostics.isHeard('store:operation')
        ? this.#clock.monotonic()
        : undefined
      const end = (result: Result<T, StoreError>): void => {
        if (startedMs !== undefined)
          this.#report(operation, this.#clock.monotonic() - startedMs, result)
        resolve(result)
      }
      const running = deadlines.start(() => {
        const isSilent = answersBefore === this.#answers
        end(this.#late(breaker, { operation, deadlineMs, isSilent }))
      })
      const answer = started(run, this.#link.client as RedisClientType)
      answer.then(
        (value) => {
          if (!deadlines.end(running)) return
          this.#noteAnswer(breaker)
          end(ok(value))
        },
        (error: unknown) => {
          if (deadlines.end(running)) end(this.#rejected(breaker, operation, error))
        },
      )
      whenAborted(options?.signal, answer, () => {
        if (!deadlines.end(running)) return
        breaker.abandoned()
        end(err(givenUp({ store: 'redis', operation }, deadlineMs)))
      })
    })
  }

  #noteAnswer(breaker: RedisBreaker): void {
    this.#answers += 1
    this.#unanswered = 0
    breaker.succeeded()
  }

  #rejected<T>(breaker: RedisBreaker, operation: string, error: unknown): Result<T, StoreError> {
    const failure = redisFailure(error, operation)
    if (failure.type === 'store-refused') this.#noteAnswer(breaker)
    else {
      breaker.failed()
      // A primary that has become a replica refuses writes on a connection that never breaks by
      // itself.
      if (failure.message.endsWith(': READONLY')) this.#link.replace()
    }
    return err(failure)
  }

  /** A connection that answered others in the meantime is not dead. */
  #late<T>(
    breaker: RedisBreaker,
    { operation, deadlineMs, isSilent }: Late,
  ): Result<T, StoreError> {
    const failure = redisDeadlineExceeded(operation, deadlineMs)
    if (isSilent) this.#unanswered += 1
    this.#loseTrust()
    breaker.failed()
    if (this.#unanswered >= unansweredUntilReplaced) {
      this.#unanswered = 0
      this.#link.replace()
    }
    return err(failure)
  }

  #onUp(): void {
    this.#unanswered = 0
    this.#breaker.reset()
    for (const { breaker } of this.#uses.values()) breaker.reset()
  }

  #newBreaker(use?: RedisUse): RedisBreaker {
    return new RedisBreaker(this.#clock, (state) => {
      const transition = { store: 'redis', state } as const
      this.#diagnostics.emit(
        'breaker:transition',
        use === undefined ? transition : { ...transition, use },
      )
      if (state === 'open') this.#loseTrust()
    })
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

interface Command<T> {
  readonly operation: string
  readonly run: (client: RedisClientType) => Promise<T>
}

interface Late {
  readonly operation: string
  readonly deadlineMs: number
  /** Whether no command at all was answered since this one was sent. */
  readonly isSilent: boolean
}

/** Commands of so many characters take turns. */
export const heavyCharacters = 64 * 1_024

/** Commands in a row past their deadline after which a connection that looks open is replaced. */
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
