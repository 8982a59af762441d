import {
  eventually,
  isolate,
  type IsolatedStores,
  type RedisCluster,
  startRedisCluster,
} from '@headwater/testing'
import {
  type Cache,
  type CacheKey,
  type CacheOptions,
  connect,
  type ConnectOptions,
  defineCache,
  migrate,
  ok,
  orThrow,
  type Stores,
  transaction,
  type TransactionOptions,
  type TransactionWork,
} from '@headwater/core'
import { expect, inject } from 'vitest'

/** Whether options of Redis name another one than the usual. */
export function isReachedOtherwise(redis: Partial<ConnectOptions['redis']> = {}): boolean {
  return [redis.rootNodes, redis.sentinels, redis.client].some((way) => way !== undefined)
}

/** A row whose version rises with every write. */
export interface VersionedRow {
  id: number
  version: number
}

/** What a suite runs on: each of its promises holds on both. */
export const redisKinds = ['a single server', 'a cluster of three masters'] as const

/**
 * A table of versioned rows in stores of its own, and as many processes' worth of connections to it
 * as a test wants.
 */
export interface VersionedRows {
  readonly own: IsolatedStores<'postgres' | 'redis'>
  /** The masters of its own; none on a single server, which is shared. */
  readonly masters: RedisCluster['masters']
  /** Connects once more, as another process would. */
  open(options?: Partial<ConnectOptions>): Promise<Stores>
  /** Ends everything. */
  dispose(): Promise<void>
}

/** Sets the table aside with rows 1 to 200 at version 1. */
export async function versionedRows({
  redis = 'a single server',
}: { redis?: (typeof redisKinds)[number] } = {}): Promise<VersionedRows> {
  const own = await isolate(inject('stack'))
  const cluster = redis === 'a single server' ? undefined : await startRedisCluster()
  const address = cluster === undefined ? { url: own.redis.url } : { rootNodes: cluster.urls }
  const opened: Stores[] = []
  const open = async (options: Partial<ConnectOptions> = {}): Promise<Stores> => {
    const stores = orThrow(
      await connect({
        ...options,
        postgres: { url: own.postgres.url, ...options.postgres },
        // A machine that is busy with other tests must not look like an outage.
        redis: {
          ...(isReachedOtherwise(options.redis) ? {} : address),
          keyPrefix: own.redis.prefix,
          deadlineMs: 5_000,
          ...options.redis,
        },
      }),
    )
    opened.push(stores)
    return stores
  }
  const stores = await open()
  orThrow(await migrate(stores))
  orThrow(
    await stores.postgres.query(
      'CREATE TABLE @schema.rows (id int PRIMARY KEY, version int NOT NULL)',
    ),
  )
  orThrow(
    await stores.postgres.query(
      'INSERT INTO @schema.rows SELECT id, 1 FROM generate_series(1, 200) AS id',
    ),
  )
  // It would settle intents on the shared Redis while a test uses one of its own.
  orThrow(await stores.close())
  return {
    own,
    masters: cluster?.masters ?? [],
    open,
    dispose: async () => {
      await Promise.all(opened.map((each) => each.close()))
      await Promise.all([own.dispose(), cluster?.stop()])
    },
  }
}

/** Waits until these processes use the cache, and their writers reach Redis. */
export async function areTrusted(...all: readonly Stores[]): Promise<void> {
  const isTrusted = ({ invalidation, redis }: Stores) =>
    invalidation.isOpen && invalidation.cacheId !== undefined && redis.isAvailable
  await eventually(() => expect(all.map(isTrusted)).not.toContain(false), { timeoutMs: 60_000 })
}

/** A cache of the rows that notes every load. */
export interface RowCache extends Cache<number, VersionedRow> {
  /** The ids of every load that has read its rows, in order. */
  readonly loads: number[][]
  /**
   * Holds the loads that begin from now on, after they have read their rows, until the returned
   * function is called.
   */
  pauseLoads(): () => void
}

/** Defines a cache of the rows. */
export function rowCache(
  stores: Stores,
  options: Partial<CacheOptions<number, VersionedRow>> = {},
): RowCache {
  const loads: number[][] = []
  let gate: Promise<void> | undefined
  const cache = defineCache<number, VersionedRow>(stores, {
    name: 'row',
    ttlMs: 60_000,
    ...options,
    load: async (ids, sql) => {
      const { rows } = await sql.query<VersionedRow>(
        'SELECT id, version FROM @schema.rows WHERE id = ANY($1)',
        [ids],
      )
      loads.push([...ids])
      await gate
      return new Map(rows.map((row) => [row.id, row]))
    },
  })
  const pauseLoads = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return () => {
      gate = undefined
      resolve()
    }
  }
  return Object.assign(cache, { loads, pauseLoads })
}

/** Raises a row's version in a transaction that invalidates its keys. */
export async function raise(
  stores: Stores,
  id: number,
  keys: readonly CacheKey[],
  options?: TransactionOptions,
): Promise<number> {
  const work: TransactionWork<number, never> = async (tx) => {
    tx.invalidate(...keys)
    const { rows } = await tx.query<{ version: number }>(
      'UPDATE @schema.rows SET version = version + 1 WHERE id = $1 RETURNING version',
      [id],
    )
    return ok(rows[0]?.version ?? 0)
  }
  return orThrow(await transaction(stores, work, options))
}

/** The version that a read gives. */
export async function versionOf(
  cache: Cache<number, VersionedRow>,
  id: number,
): Promise<number | undefined> {
  return orThrow(await cache.get(id))?.version
}
