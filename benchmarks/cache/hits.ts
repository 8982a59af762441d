import { type Cache, cacheKey, defineCache, orThrow, type Stores } from '@headwater/core'
import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import type { Pool } from 'pg'
import type { Contest } from '../measure/alternate.ts'
import { loadUser, loadUsers, type User } from './users.ts'
import type { RawRedis } from './raw-redis.ts'

/** What the contests about hits are held with. */
export interface Grounds {
  readonly stores: Stores
  readonly raw: RawRedis
  readonly pool: Pool
  readonly redisUrl: string
}

const callers = 200
const hotIds = Array.from({ length: callers }, (_, index) => index + 1)
const ttlMs = 3_600_000
/** So often in one round, so that a round takes some ten milliseconds. */
const turns = 5

/** What the figures about hits come from. */
export interface HitContests {
  /** By figure. */
  readonly contests: Record<HitFigure, Contest>
  /**
   * Concurrent hits against the least they can cost: all values in one `MGET` by hand, each through
   * `JSON.parse`.
   */
  readonly floor: Contest
  close(this: void): Promise<void>
}

/**
 * The contests about hits, all over the same users in the same Redis; `close` ends what they
 * opened.
 */
export async function hitContests(grounds: Grounds): Promise<HitContests> {
  const { stores, raw } = grounds
  const plain = defineCache<number, User>(stores, { name: 'user', ttlMs, load: loadUsers })
  const tagged = defineCache<number, User>(stores, {
    name: 'tagged',
    ttlMs,
    load: loadUsers,
    tags: (id) => tagsOf(id).map((tag) => cacheKey('tag', tag)),
  })
  const parsing = defineCache<number, User>(stores, {
    name: 'parsing',
    ttlMs,
    load: loadUsers,
    maxParsedLength: 0,
  })
  const bento = openBento(grounds)
  await warm([plain, tagged, parsing])
  await Promise.all(hotIds.map((id) => raw.fill(id)))
  await Promise.all(hotIds.flatMap((id) => [bento.get(id), bento.getTagged(id)]))
  const oneByOne = async (get: (id: number) => Promise<unknown>): Promise<void> => {
    for (const id of hotIds) await get(id)
  }
  const together = async (get: (id: number) => Promise<unknown>): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) await Promise.all(hotIds.map(get))
  }
  const many = async (getMany: (ids: readonly number[]) => Promise<unknown>): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) await getMany(hotIds.slice(0, 100))
  }
  const contest = (
    ours: () => Promise<void>,
    theirs: () => Promise<void>,
    operations: number,
  ): Contest => ({ ours: () => ours, theirs: () => theirs, operations })
  const oursTogether = async (cache: Cache<number, User>): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1)
      for (const hit of await Promise.all(hotIds.map((id) => cache.get(id)))) orThrow(hit)
  }
  return {
    contests: {
      hitVsRaw: contest(
        () => oneByOne(async (id) => orThrow(await plain.get(id))),
        () => oneByOne(raw.get),
        callers,
      ),
      concurrentHitVsRaw: contest(
        () => oursTogether(plain),
        () => together(raw.get),
        turns * callers,
      ),
      hitVsBentocache: contest(
        () => oursTogether(plain),
        () => together(bento.get),
        turns * callers,
      ),
      taggedHitVsRaw: contest(
        () => oursTogether(tagged),
        () => together(raw.get),
        turns * callers,
      ),
      taggedHitVsBentocache: contest(
        () => oursTogether(tagged),
        () => together(bento.getTagged),
        turns * callers,
      ),
      getManyVsRaw: contest(
        () => many(async (ids) => orThrow(await plain.getMany(ids))),
        () => many(raw.getMany),
        turns,
      ),
      concurrentHitVsRawParsing: contest(
        () => oursTogether(parsing),
        () => together(raw.get),
        turns * callers,
      ),
      getManyVsRawParsing: contest(
        () => many(async (ids) => orThrow(await parsing.getMany(ids))),
        () => many(raw.getMany),
        turns,
      ),
    },
    floor: contest(
      () => oursTogether(plain),
      async () => {
        for (let turn = 0; turn < turns; turn += 1) await raw.getMany(hotIds)
      },
      turns * callers,
    ),
    close: () => bento.close(),
  }
}

/**
 * The figures about hits; those that end in `Parsing` are of a cache that keeps nothing parsed, as
 * for keys that are hardly ever read twice.
 */
export type HitFigure =
  | 'hitVsRaw'
  | 'concurrentHitVsRaw'
  | 'hitVsBentocache'
  | 'taggedHitVsRaw'
  | 'taggedHitVsBentocache'
  | 'getManyVsRaw'
  | 'concurrentHitVsRawParsing'
  | 'getManyVsRawParsing'

/** Three tags: everybody's, one of twenty groups, one's own. */
function tagsOf(id: number): string[] {
  return ['all', `group-${id % 20}`, `user-${id}`]
}

/** Entries are in Redis some time after they were first read. */
async function warm(caches: readonly Cache<number, User>[]): Promise<void> {
  for (const cache of caches) {
    for (let turn = 0; turn < 3; turn += 1) orThrow(await cache.getMany(hotIds))
  }
}

interface Bento {
  get(this: void, id: number): Promise<unknown>
  getTagged(this: void, id: number): Promise<unknown>
  close(): Promise<void>
}

function openBento({ redisUrl, pool }: Grounds): Bento {
  const connection = new Redis(redisUrl)
  const cache = new BentoCache({
    default: 'users',
    stores: { users: bentostore({ ttl: ttlMs }).useL2Layer(redisDriver({ connection })) },
  })
  return {
    get: (id) => cache.getOrSet({ key: `user:${id}`, factory: () => loadUser(id, pool) }),
    getTagged: (id) =>
      cache.getOrSet({ key: `tagged:${id}`, tags: tagsOf(id), factory: () => loadUser(id, pool) }),
    close: async () => {
      connection.disconnect()
    },
  }
}
