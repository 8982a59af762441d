import { type Cache, defineCache, orThrow } from '@headwater/core'
import { LRUCache } from 'lru-cache'
import type { User } from '../cache/users.ts'
import type { Contest, Contestant } from '../measure/alternate.ts'
import { copyOfCourse, type Course, courseOf } from './courses.ts'
import { courseCache, makeNear, type NearFixture } from './near-fixture.ts'
import { openBento, openClientSideCache, type Peer } from './peers.ts'
import { copyOfUser, loadUsers, userOf } from './plain-users.ts'

const callers = 200
const ids = Array.from({ length: callers }, (_, index) => index + 1)
/** Turns of one round, chosen so that a round takes some ten milliseconds. */
const turnsTogether = 20
const turnsInARow = 50

/** The contests about near hits. */
export interface NearContests {
  /** Two hundred callers at once, against the same elsewhere. */
  readonly together: Readonly<
    Record<
      | 'nearVsRedisHit'
      | 'nearVsBentocacheL1'
      | 'nearVsBentocacheL1Serialized'
      | 'nearVsClientSideCache',
      Contest
    >
  >
  /** One caller, against a bare `lru-cache`: with a copy of its value, or sharing it. */
  readonly inARow: Readonly<Record<'course' | 'plain' | 'peek', Contest>>
  close(this: void): Promise<void>
}

/** Keeps the same values on every side. */
export async function nearContests({ stores, redisUrl }: NearFixture): Promise<NearContests> {
  const near = courseCache(stores, 'near')
  const distant = courseCache(stores, 'distant', false)
  const plain = defineCache<number, User>(stores, {
    name: 'plain',
    near: {},
    ttlMs: 3_600_000,
    load: loadUsers,
  })
  const peers = {
    shared: await openBento(ids, { serialize: false }),
    serialized: await openBento(ids, { serialize: true }),
    clientSide: await openClientSideCache(redisUrl, ids),
  }
  for (let turn = 0; turn < 3; turn += 1) orThrow(await distant.getMany(ids))
  const against = (theirs: Contestant): Contest => ({
    ours: nearly(near, () => allAtOnce(near)),
    theirs,
    operations: turnsTogether * callers,
  })
  return {
    together: {
      nearVsRedisHit: against(() => () => allAtOnce(distant)),
      nearVsBentocacheL1: against(ofPeer(peers.shared)),
      nearVsBentocacheL1Serialized: against(ofPeer(peers.serialized)),
      nearVsClientSideCache: against(ofPeer(peers.clientSide)),
    },
    inARow: { ...coursesInARow(near), plain: usersInARow(plain) },
    close: async () => {
      await Promise.all(Object.values(peers).map((peer) => peer.close()))
    },
  }
}

/** A contestant that begins when all values are near. */
function nearly<Value>(cache: Cache<number, Value>, run: () => Promise<void>): Contestant {
  return async () => {
    await makeNear(cache, ids)
    return run
  }
}

async function allAtOnce(cache: Cache<number, Course>): Promise<void> {
  for (let turn = 0; turn < turnsTogether; turn += 1)
    for (const hit of await Promise.all(ids.map((id) => cache.get(id)))) orThrow(hit)
}

function ofPeer({ get }: Peer): Contestant {
  return () => async () => {
    for (let turn = 0; turn < turnsTogether; turn += 1) await Promise.all(ids.map(get))
  }
}

function coursesInARow(near: Cache<number, Course>): Record<'course' | 'peek', Contest> {
  const lru = lruOf(courseOf)
  const operations = turnsInARow * callers
  return {
    course: {
      ours: nearly(near, () => awaited(near)),
      theirs: bare((id) => copyOfCourse(lru.get(keyOf(id)) as Course)),
      operations,
    },
    peek: {
      ours: nearly(near, bare((id) => near.peek(id))()),
      theirs: bare((id) => lru.get(keyOf(id))),
      operations,
    },
  }
}

function usersInARow(plain: Cache<number, User>): Contest {
  const lru = lruOf(userOf)
  return {
    ours: nearly(plain, () => awaited(plain)),
    theirs: bare((id) => copyOfUser(lru.get(keyOf(id)) as User)),
    operations: turnsInARow * callers,
  }
}

async function awaited(cache: Cache<number, unknown>): Promise<void> {
  for (let turn = 0; turn < turnsInARow; turn += 1)
    for (const id of ids) orThrow(await cache.get(id))
}

/** Without promises. The value is kept for a moment, so that no copy is optimized away. */
function bare(get: (id: number) => unknown): () => () => Promise<void> {
  const last: unknown[] = [undefined]
  return () => async () => {
    for (let turn = 0; turn < turnsInARow; turn += 1) for (const id of ids) last[0] = get(id)
  }
}

function lruOf<Value extends object>(valueOf: (id: number) => Value): LRUCache<string, Value> {
  const lru = new LRUCache<string, Value>({ max: 10_000 })
  for (const id of ids) lru.set(keyOf(id), valueOf(id))
  return lru
}

/** Keys are texts in `lru-cache` as well, as they are wherever Redis is behind it. */
function keyOf(id: number): string {
  return `course:${id}`
}
