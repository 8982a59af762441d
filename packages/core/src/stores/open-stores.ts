import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { InvalidInput, StoreError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import type { HealthProbe } from './check-health.ts'
import type { Closable } from './close.ts'
import { PostgresPoolStore } from './postgres-store.ts'
import { redisDeadlineExceeded } from './redis-failure.ts'
import { RedisClientStore } from './redis-store.ts'
import type { ConnectSettings } from './settings.ts'
import type { MongodbStore, PineconeStore } from './stores.ts'

/**
 * What every store is given.
 */
export interface StoreBase {
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/**
 * One opened store as `connect`, `health` and `close` see it.
 */
export interface OpenedStore extends HealthProbe, Closable {
  /** Tries once to reach it. */
  readonly reach: (deadlineMs: number) => Promise<Result<unknown, StoreError>>
  /** Resolves when the first attempt to reach it has ended, well or not. */
  readonly firstAttempt: () => Promise<unknown>
}

/**
 * The opened stores, by name and as a list.
 */
export interface OpenedStores {
  readonly postgres: PostgresPoolStore
  readonly redis: RedisClientStore
  readonly mongodb: MongodbStore | undefined
  readonly pinecone: PineconeStore | undefined
  readonly all: readonly OpenedStore[]
}

/**
 * Opens every configured store without waiting for any.
 */
export async function openStores(settings: ConnectSettings, base: StoreBase): Promise<Result<OpenedStores, InvalidInput>> {
  const postgres = new PostgresPoolStore(settings.postgres, base)
  const redis = new RedisClientStore(settings.redis, base)
  const all = [openedPostgres(postgres), openedRedis(redis, settings.redis.required)]
  return ok({ postgres, redis, mongodb: undefined, pinecone: undefined, all })
}

function openedPostgres(postgres: PostgresPoolStore): OpenedStore {
  const reach = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await postgres.query('SELECT 1', [], { deadlineMs }).mapErr((failure) => failure as StoreError)
  return {
    store: 'postgres',
    isRequired: true,
    reach,
    firstAttempt: async () => undefined,
    ask: async (deadlineMs) => messageOf(await reach(deadlineMs)),
    close: () => postgres.close(),
    destroy: () => { postgres.destroy() },
  }
}

function openedRedis(redis: RedisClientStore, isRequired: boolean): OpenedStore {
  return {
    store: 'redis',
    isRequired,
    reach: (deadlineMs) => upWithin(redis, deadlineMs),
    firstAttempt: () => redis.whenUp('first-attempt'),
    ask: async (deadlineMs) => messageOf(await redis.run('ping', (client) => client.sendCommand(['PING']), { deadlineMs })),
    close: () => redis.close(),
    destroy: () => { redis.destroy() },
  }
}

async function upWithin(redis: RedisClientStore, deadlineMs: number): Promise<Result<unknown, StoreError>> {
  const { promise, resolve } = Promise.withResolvers<Result<unknown, StoreError>>()
  const timer = setTimeout(() => { resolve(err({ ...redisDeadlineExceeded('connect', deadlineMs), retryable: false })) }, deadlineMs)
  void redis.whenUp('up').then(() => { resolve(ok(undefined)) })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function messageOf(result: Result<unknown, StoreError>): string | undefined {
  return result.isErr() ? result.error.message : undefined
}
