import { BentoCache, bentostore } from 'bentocache'
import { redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { loadRow, writeThenInvalidate } from '../rows.ts'
import { type Subject, type SubjectUrls, ttlMs } from '../subject.ts'

/** bentocache with its Redis layer alone, its most coherent configuration. */
export async function openBentocache({ redisUrl, postgresUrl }: SubjectUrls): Promise<Subject> {
  const pool = new Pool({ connectionString: postgresUrl, max: 6 }).on('error', () => undefined)
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: 1 }).on('error', () => undefined)
  const cache = new BentoCache({
    default: 'rows',
    stores: { rows: bentostore({ ttl: ttlMs }).useL2Layer(redisDriver({ connection })) },
  })
  const read = async (key: number): Promise<number> =>
    (await cache.getOrSet({ key: String(key), factory: () => loadRow(pool, key) })).version
  return {
    read,
    readMany: async (keys) =>
      new Map(await Promise.all(keys.map(async (key) => [key, await read(key)] as const))),
    write: (write) =>
      writeThenInvalidate(pool, write, () => cache.delete({ key: String(write.key) })),
    close: async () => {
      connection.disconnect()
      await pool.end()
    },
  }
}
