import { createKeyv } from '@keyv/redis'
import { Cacheable } from 'cacheable'
import { Pool } from 'pg'
import { loadRow, writeThenInvalidate } from '../rows.ts'
import { singleUrl, type Subject, type SubjectUrls, ttlMs } from '../subject.ts'

/** cacheable on Redis alone, its most coherent configuration. */
export async function openCacheable({ redis, postgresUrl }: SubjectUrls): Promise<Subject> {
  const pool = new Pool({ connectionString: postgresUrl, max: 6 }).on('error', () => undefined)
  const primary = createKeyv(singleUrl(redis), {
    throwOnConnectError: false,
    throwOnErrors: false,
  })
  const cache = new Cacheable({ primary, ttl: ttlMs })
  cache.on('error', () => undefined)
  const read = async (key: number): Promise<number> => {
    const row = await cache.getOrSet(String(key), () => loadRow(pool, key))
    if (row === undefined) throw new Error(`there is no row ${key}`)
    return row.version
  }
  return {
    read,
    readMany: async (keys) =>
      new Map(await Promise.all(keys.map(async (key) => [key, await read(key)] as const))),
    write: (write) => writeThenInvalidate(pool, write, () => cache.delete(String(write.key))),
    close: async () => {
      await cache.disconnect()
      await pool.end()
    },
  }
}
