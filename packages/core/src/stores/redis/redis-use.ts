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

/** Redis as one of its uses sees it: the same connection, behind a breaker of its own. */
export class UsedRedis implements RedisStore {
  readonly #shared: SharedRedis
  readonly #breaker: RedisBreaker

  constructor(shared: SharedRedis, breaker: RedisBreaker) {
    this.#shared = shared
    this.#breaker = breaker
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
    return this.#shared.runBehind(this.#breaker, { operation, run: command }, options)
  }

  onTrustLost(listener: () => void): () => void {
    return this.#shared.onTrustLost(listener)
  }
}
