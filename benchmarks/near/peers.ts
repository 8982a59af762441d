import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createClient } from '@redis/client'
import { type Course, courseCodec, courseOf } from './courses.ts'

/** Another cache in front of Redis that answers without a round trip. */
export interface Peer {
  get(this: void, id: number): Promise<unknown>
  close(this: void): Promise<void>
}

/** How bentocache keeps values. */
export interface BentoOptions {
  /**
   * Whether it keeps texts and parses them, as it does by default. Otherwise all callers share one
   * value, which its documentation calls much faster.
   */
  readonly serialize: boolean
}

/** Opens bentocache on memory alone. Its values have no dates in texts. */
export async function openBento(
  ids: readonly number[],
  { serialize }: BentoOptions,
): Promise<Peer> {
  const cache = new BentoCache({
    default: 'courses',
    stores: {
      courses: bentostore({ ttl: 3_600_000 }).useL1Layer(
        memoryDriver({ serialize, maxItems: 10_000 }),
      ),
    },
  })
  const get = (id: number): Promise<unknown> =>
    cache.getOrSet({ key: `course:${id}`, factory: () => courseOf(id) })
  await Promise.all(ids.map(get))
  return { get, close: () => cache.disconnectAll() }
}

/**
 * Opens the cache inside node-redis, whose user parses each hit. Of the values in front of it
 * nothing can be kept: it keeps replies.
 */
export async function openClientSideCache(url: string, ids: readonly number[]): Promise<Peer> {
  const client = createClient({
    url,
    RESP: 3,
    clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' },
  })
  await client.connect()
  const get = async (id: number): Promise<Course | undefined> => {
    const text = await client.get(`by-hand:${id}`)
    return text === null ? undefined : courseCodec.decode(JSON.parse(text))
  }
  for (const id of ids)
    await client.set(`by-hand:${id}`, JSON.stringify(courseCodec.encode(courseOf(id))))
  for (let turn = 0; turn < 3; turn += 1) await Promise.all(ids.map(get))
  return {
    get,
    close: async () => {
      client.destroy()
    },
  }
}
