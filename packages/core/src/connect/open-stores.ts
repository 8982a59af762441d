import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { InvalidInput, StoreError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import type { HealthProbe } from './check-health.ts'
import type { Closable } from './close.ts'
import { type MongodbDriverStore, openMongodb } from '../stores/mongodb/mongodb-driver-store.ts'
import { openPinecone, type PineconeClientStore } from '../stores/pinecone/pinecone-client-store.ts'
import { PostgresPoolStore } from '../stores/postgres/postgres-pool-store.ts'
import { redisDeadlineExceeded } from '../stores/redis/redis-failure.ts'
import { RedisClientStore } from '../stores/redis/redis-client-store.ts'
import type { ConnectSettings } from './settings.ts'

/**
 * How long `connect` waits for an optional store, so that the first calls after it find one that is
 * up, in milliseconds.
 */
export const optionalWaitMs = 1_000

/** What every store is given. */
export interface StoreBase {
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/** One opened store as `connect`, `health` and `close` see it. */
export interface OpenedStore extends HealthProbe, Closable {
  /** Tries once to reach it. */
  readonly reach: (deadlineMs: number) => Promise<Result<unknown, StoreError>>
  /** Resolves when the first attempt to reach it has ended, well or not. */
  readonly firstAttempt: () => Promise<unknown>
}

/** The opened stores, by name and as a list. */
export interface OpenedStores {
  readonly postgres: PostgresPoolStore
  readonly redis: RedisClientStore
  readonly mongodb: MongodbDriverStore | undefined
  readonly pinecone: PineconeClientStore | undefined
  readonly all: readonly OpenedStore[]
}

/**
 * Opens every configured store without waiting for any. Fails when the package of an optional store
 * is not installed, or its client does not take the options.
 */
export async function openStores(
  settings: ConnectSettings,
  base: StoreBase,
): Promise<Result<OpenedStores, InvalidInput>> {
  const mongodb = await optional('mongodb', settings.mongodb, (given) => openMongodb(given, base))
  if (mongodb.isErr()) return err(mongodb.error)
  const pinecone = await optional('pinecone', settings.pinecone, (given) =>
    openPinecone(given, base),
  )
  if (pinecone.isErr()) return err(pinecone.error)
  const postgres = new PostgresPoolStore(settings.postgres, base)
  const redis = new RedisClientStore(settings.redis, base)
  const all = [openedPostgres(postgres), openedRedis(redis, settings.redis.required)]
  if (mongodb.value !== undefined)
    all.push(openedMongodb(mongodb.value, settings.mongodb?.required === true))
  if (pinecone.value !== undefined)
    all.push(openedPinecone(pinecone.value, settings.pinecone?.required === true))
  return ok({ postgres, redis, mongodb: mongodb.value, pinecone: pinecone.value, all })
}

async function optional<Settings, Store>(
  field: string,
  settings: Settings | undefined,
  open: (settings: Settings) => Promise<Store>,
): Promise<Result<Store | undefined, InvalidInput>> {
  try {
    return ok(settings === undefined ? undefined : await open(settings))
  } catch (error) {
    // The client's own message may quote the URL, and with it the password.
    const isMissing =
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
    const rule = isMissing
      ? 'needs its package installed beside @headwater/core'
      : 'was not accepted by the client'
    return err({
      type: 'invalid-input',
      field,
      issues: [{ field, message: rule }],
      message: `the options of connect break a rule: ${field}: ${rule}`,
      retryable: false,
    })
  }
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
    destroy: () => {
      postgres.destroy()
    },
  }
}

function openedRedis(redis: RedisClientStore, isRequired: boolean): OpenedStore {
  return {
    store: 'redis',
    isRequired,
    reach: (deadlineMs) => upWithin(redis, deadlineMs),
    firstAttempt: () => redis.whenUp('first-attempt'),
    ask: async (deadlineMs) =>
      messageOf(await redis.run('ping', (client) => client.sendCommand(['PING']), { deadlineMs })),
    close: () => redis.close(),
    destroy: () => {
      redis.destroy()
    },
  }
}

function openedMongodb(mongodb: MongodbDriverStore, isRequired: boolean): OpenedStore {
  const reach = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await mongodb.run('ping', (database, signal) => database.command({ ping: 1 }, { signal }), {
      deadlineMs,
    })
  return {
    store: 'mongodb',
    isRequired,
    reach,
    firstAttempt: () => reach(optionalWaitMs),
    ask: async (deadlineMs) => messageOf(await reach(deadlineMs)),
    close: () => mongodb.close(),
    destroy: () => {
      void mongodb.close().catch(() => undefined)
    },
  }
}

function openedPinecone(pinecone: PineconeClientStore, isRequired: boolean): OpenedStore {
  const reach = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await pinecone.run('describe index', (index) => index.describeIndexStats(), { deadlineMs })
  return {
    store: 'pinecone',
    isRequired,
    reach,
    firstAttempt: async () => undefined,
    ask: async (deadlineMs) => messageOf(await reach(deadlineMs)),
    close: async () => undefined,
    destroy: () => undefined,
  }
}

async function upWithin(
  redis: RedisClientStore,
  deadlineMs: number,
): Promise<Result<unknown, StoreError>> {
  const { promise, resolve } = Promise.withResolvers<Result<unknown, StoreError>>()
  const timer = setTimeout(() => {
    resolve(err({ ...redisDeadlineExceeded('connect', deadlineMs), retryable: false }))
  }, deadlineMs)
  void redis.whenUp('up').then(() => {
    resolve(ok(undefined))
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function messageOf(result: Result<unknown, StoreError>): string | undefined {
  return result.isErr() ? result.error.message : undefined
}
