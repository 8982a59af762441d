import { type Cache, cacheKey, defineCache, orThrow, type Stores } from '@headwater/core'
import type { Contest } from '../measure/alternate.ts'
import { type Bento, openBento } from './bentocache.ts'
import type { CacheFixture } from './cache-fixture.ts'
import { loadUsers, type User } from './users.ts'
import type { RawRedis } from './raw-redis.ts'

const callers = 200
const hotIds = Array.from({ length: callers }, (_, index) => index + 1)
const batchIds = hotIds.slice(0, 100)
const ttlMs = 3_600_000
/** Turns of one round, chosen so that a round takes some ten milliseconds. */
const turns = 5

/** The contests about hits. */
export interface HitContests {
  /** The contest behind each figure. */
  readonly contests: Record<HitFigure, Contest>
  /**
   * Concurrent hits against their lowest possible cost: all values in one `MGET` by hand, each
   * through `JSON.parse`.
   */
  readonly floor: Contest
  close(this: void): Promise<void>
}

/**
 * The figures about hits. Those that end in `Parsing` are of a cache that keeps nothing parsed, as
 * for keys that are hardly ever read twice. `hitVsBentocacheMemory` compares our hits, which ask
 * Redis, with hits of bentocache's memory layer, which do not.
 */
export type HitFigure =
  | 'hitVsRaw'
  | 'concurrentHitVsRaw'
  | 'hitVsBentocache'
  | 'hitVsBentocacheMemory'
  | 'taggedHitVsRaw'
  | 'taggedHitVsBentocache'
  | 'getManyVsRaw'
  | 'concurrentHitVsRawParsing'
  | 'getManyVsRawParsing'

/** Caches the same users on every side, in the same Redis. */
export async function hitContests(fixture: CacheFixture): Promise<HitContests> {
  const { stores, raw } = fixture
  const caches = defineCaches(stores)
  const bento = await openBento(fixture, { ids: hotIds, ttlMs, tagsOf })
  await warm(Object.values(caches))
  await Promise.all(hotIds.map((id) => raw.fill(id)))
  return {
    contests: contestsOf(caches, raw, bento),
    floor: concurrently(caches.plain, async () => {
      for (let turn = 0; turn < turns; turn += 1) await raw.getMany(hotIds)
    }),
    close: () => bento.close(),
  }
}

type Caches = Readonly<Record<'plain' | 'tagged' | 'parsing', Cache<number, User>>>

function defineCaches(stores: Stores): Caches {
  const options = { ttlMs, load: loadUsers }
  return {
    plain: defineCache<number, User>(stores, { ...options, name: 'user' }),
    tagged: defineCache<number, User>(stores, {
      ...options,
      name: 'tagged',
      tags: (id) => tagsOf(id).map((tag) => cacheKey('tag', tag)),
    }),
    parsing: defineCache<number, User>(stores, {
      ...options,
      name: 'parsing',
      maxParsedLength: 0,
    }),
  }
}

function contestsOf(
  { plain, tagged, parsing }: Caches,
  raw: RawRedis,
  bento: Bento,
): Record<HitFigure, Contest> {
  return {
    hitVsRaw: {
      ours: () => () => oneByOne(async (id) => orThrow(await plain.get(id))),
      theirs: () => () => oneByOne(raw.get),
      operations: callers,
    },
    concurrentHitVsRaw: concurrently(plain, () => together(raw.get)),
    hitVsBentocache: concurrently(plain, () => together(bento.get)),
    hitVsBentocacheMemory: concurrently(plain, () => together(bento.getNear)),
    taggedHitVsRaw: concurrently(tagged, () => together(raw.get)),
    taggedHitVsBentocache: concurrently(tagged, () => together(bento.getTagged)),
    getManyVsRaw: inBatches(plain, raw),
    concurrentHitVsRawParsing: concurrently(parsing, () => together(raw.get)),
    getManyVsRawParsing: inBatches(parsing, raw),
  }
}

function concurrently(cache: Cache<number, User>, theirs: () => Promise<void>): Contest {
  const ours = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1)
      for (const hit of await Promise.all(hotIds.map((id) => cache.get(id)))) orThrow(hit)
  }
  return { ours: () => ours, theirs: () => theirs, operations: turns * callers }
}

function inBatches(cache: Cache<number, User>, raw: RawRedis): Contest {
  const many =
    (getMany: (ids: readonly number[]) => Promise<unknown>) => async (): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) await getMany(batchIds)
    }
  const ours = many(async (ids) => orThrow(await cache.getMany(ids)))
  const theirs = many(raw.getMany)
  return { ours: () => ours, theirs: () => theirs, operations: turns }
}

async function oneByOne(get: (id: number) => Promise<unknown>): Promise<void> {
  for (const id of hotIds) await get(id)
}

async function together(get: (id: number) => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.all(hotIds.map(get))
}

/** Three tags: one of all users, one of a twentieth of them, one of this user alone. */
function tagsOf(id: number): string[] {
  return ['all', `group-${id % 20}`, `user-${id}`]
}

/** Reads often enough that every entry is in Redis and remembered as parsed. */
async function warm(caches: readonly Cache<number, User>[]): Promise<void> {
  for (const cache of caches) {
    for (let turn = 0; turn < 3; turn += 1) orThrow(await cache.getMany(hotIds))
  }
}
