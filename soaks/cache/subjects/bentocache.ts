import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { loadRow, writeThenInvalidate } from '../rows.ts'
import { singleUrl, type Subject, type SubjectUrls, ttlMs } from '../subject.ts'

/** bentocache with its Redis layer alone, its most coherent configuration. */
export async function openBentocache(urls: SubjectUrls): Promise<Subject> {
  const connection = connectionTo(singleUrl(urls.redis))
  const rows = bentostore({ ttl: ttlMs }).useL2Layer(redisDriver({ connection }))
  return subjectOf(rows, urls, [connection])
}

/** bentocache with its memory layer; its bus says what is to be dropped from it. */
export async function openBentocacheNear(urls: SubjectUrls): Promise<Subject> {
  const url = singleUrl(urls.redis)
  const connection = connectionTo(url)
  const bus = connectionTo(url)
  // Otherwise its connections have no listener for errors.
  bus.duplicate = () => connectionTo(urls.nearUrl ?? url)
  const rows = bentostore({ ttl: ttlMs })
    .useL1Layer(memoryDriver())
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection: bus }))
  return subjectOf(rows, urls, [connection, bus])
}

function connectionTo(url: string): Redis {
  return new Redis(url, { maxRetriesPerRequest: 1 }).on('error', () => undefined)
}

function subjectOf(
  rows: ReturnType<typeof bentostore>,
  { postgresUrl }: SubjectUrls,
  connections: readonly Redis[],
): Subject {
  const pool = new Pool({ connectionString: postgresUrl, max: 6 }).on('error', () => undefined)
  const cache = new BentoCache({ default: 'rows', stores: { rows } })
  const read = async (key: number): Promise<number> =>
    (await cache.getOrSet({ key: String(key), factory: () => loadRow(pool, key) })).version
  return {
    read,
    readMany: async (keys) =>
      new Map(await Promise.all(keys.map(async (key) => [key, await read(key)] as const))),
    write: (write) =>
      writeThenInvalidate(pool, write, () => cache.delete({ key: String(write.key) })),
    close: async () => {
      for (const connection of connections) connection.disconnect()
      await pool.end()
    },
  }
}
