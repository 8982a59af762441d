import { setTimeout } from 'node:timers/promises'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import type { CacheFixture } from './cache-fixture.ts'
import { loadUser } from './users.ts'

/** bentocache, whose client pipelines the commands of one turn of the event loop. */
export interface Bento {
  /** A hit on its Redis layer. */
  get(this: void, id: number): Promise<unknown>
  /** A hit on its Redis layer that checks the user's tags. */
  getTagged(this: void, id: number): Promise<unknown>
  /** A hit on its memory layer, which no other process invalidates unless a bus is added. */
  getNear(this: void, id: number): Promise<unknown>
  close(): Promise<void>
}

const memoryBytes = 100 * 1_024 * 1_024

/**
 * Opens bentocache and caches the users. Their tags exist, as they do once each was invalidated:
 * a tag that was never invalidated is looked up under a lock at every hit.
 */
export async function openBento(
  { redisUrl, pool }: CacheFixture,
  { ids, ttlMs, tagsOf }: BentoUsers,
): Promise<Bento> {
  const connection = new Redis(redisUrl, { enableAutoPipelining: true })
  const redis = redisDriver({ connection })
  const cache = new BentoCache({
    default: 'users',
    stores: {
      users: bentostore({ ttl: ttlMs }).useL2Layer(redis),
      near: bentostore({ ttl: ttlMs, prefix: 'near' })
        .useL1Layer(memoryDriver({ maxSize: memoryBytes }))
        .useL2Layer(redis),
    },
  })
  const optionsOf = (key: string, id: number) => ({ key, factory: () => loadUser(id, pool) })
  const bento: Bento = {
    get: (id) => cache.getOrSet(optionsOf(`user:${id}`, id)),
    getTagged: (id) => cache.getOrSet({ ...optionsOf(`tagged:${id}`, id), tags: tagsOf(id) }),
    getNear: (id) => cache.use('near').getOrSet(optionsOf(`user:${id}`, id)),
    close: async () => {
      connection.disconnect()
    },
  }
  await cache.deleteByTag({ tags: ids.flatMap(tagsOf) })
  // An entry counts as invalidated when it was created in the millisecond of its tag.
  await setTimeout(5)
  await Promise.all(ids.flatMap((id) => [bento.get(id), bento.getTagged(id), bento.getNear(id)]))
  return bento
}

interface BentoUsers {
  readonly ids: readonly number[]
  readonly ttlMs: number
  readonly tagsOf: (id: number) => string[]
}
