import { setTimeout } from 'node:timers/promises'
import type { RedisClientType } from '@redis/client'
import type { StoreError } from '../../../errors.ts'
import { ResultAsync, type Result } from '../../../result.ts'
import type { RedisCallOptions, RedisConnection, RedisStore, RedisUse } from '../redis-store.ts'

/** Together longer than a breaker stays open, and than a client takes to connect again. */
const patience = { deadlineMs: 5_000, attempts: 20, pauseMs: 500 }

/**
 * The same Redis for work that may take its time and should get to its end: a command has five
 * seconds, and is sent again after a failure that may pass. For commands that may be repeated.
 */
export class PatientRedis implements RedisStore {
  readonly #redis: RedisStore

  constructor(redis: RedisStore) {
    this.#redis = redis
  }

  get client(): RedisConnection {
    return this.#redis.client
  }

  get keyPrefix(): string {
    return this.#redis.keyPrefix
  }

  get runId(): string | undefined {
    return this.#redis.runId
  }

  get isAvailable(): boolean {
    return this.#redis.isAvailable
  }

  usedFor(use: RedisUse): RedisStore {
    return new PatientRedis(this.#redis.usedFor(use))
  }

  run<T>(
    operation: string,
    command: (client: RedisClientType) => Promise<T>,
    options?: RedisCallOptions,
  ): ResultAsync<T, StoreError> {
    return new ResultAsync(
      repeated(() =>
        this.#redis.run(operation, command, { deadlineMs: patience.deadlineMs, ...options }),
      ),
    )
  }

  onTrustLost(listener: () => void): () => void {
    return this.#redis.onTrustLost(listener)
  }
}

async function repeated<T>(ask: () => ResultAsync<T, StoreError>): Promise<Result<T, StoreError>> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask()
    if (answer.isOk() || !answer.error.retryable || attempt === patience.attempts) return answer
    await setTimeout(patience.pauseMs)
  }
}
