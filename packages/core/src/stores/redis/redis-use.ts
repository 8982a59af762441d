import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../../errors.ts'
import type { ResultAsync } from '../../result.ts'
import type { RedisBreaker } from './redis-breaker.ts'
import type { RedisCallOptions, RedisConnection, RedisStore, RedisUse } from './redis-store.ts'

/** The store that a {@link UsedRedis} shares with the other uses. */
export interface SharedRedis extends RedisStore {
  /** Whether a connection is up. */
  readonly isUp: boolean
  /** Runs a command behind a breaker. */
  runBehind<T>(
    breaker: RedisBreaker,
    command: { operation: string; run: (client: RedisClientType) => Promise<T> },
    options: RedisCallOptions | undefined,
  ): ResultAsync<T, StoreError>
}

/**
 * The least time that Redis has for a command about sessions, in milliseconds. What the cache does
 * not answer in time PostgreSQL does, and a limiter counts by itself; but nobody else knows a
 * session, and slow is better than signed out.
 */
const sessionMs = 1_000

/** Redis as one of its uses sees it: the same connection, behind a breaker of its own. */
export class UsedRedis implements RedisStore {
  readonly #shared: SharedRedis
  readonly #breaker: RedisBreaker
  readonly #options: RedisCallOptions | undefined

  /** @param deadlineMs - the usual deadline of a command, in milliseconds */
  constructor(
    shared: SharedRedis,
    { use, breaker, deadlineMs }: { use: RedisUse; breaker: RedisBreaker; deadlineMs: number },
  ) {
    this.#shared = shared
    this.#breaker = breaker
    if (use === 'sessions' && deadlineMs < sessionMs) this.#options = { deadlineMs: sessionMs }
  }

  get client(): RedisConnection {
    return this.#shared.client
  }

  get keyPrefix(): string {
    return this.#shared.keyPrefix
  }

  get runId(): string | undefined {
    return this.#shared.runId
  }

  get isAvailable(): boolean {
    return this.#shared.isUp && this.#breaker.wouldAdmit
  }

  usedFor(use: RedisUse): RedisStore {
    return this.#shared.usedFor(use)
  }

  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: RedisCallOptions,
  ): ResultAsync<T, StoreError> {
    const all = options === undefined ? this.#options : { ...this.#options, ...options }
    return this.#shared.runBehind(this.#breaker, { operation, run: command }, all)
  }

  onTrustLost(listener: () => void): () => void {
    return this.#shared.onTrustLost(listener)
  }
}
