import { Pool } from 'pg'
import { createClient, type RedisClientOptions } from '@redis/client'
import { loadRow, type VersionedRow, writeThenInvalidate } from '../rows.ts'
import { type Subject, type SubjectUrls, ttlMs } from '../subject.ts'

/** The usual hand-written cache: GET, else SELECT and SET; DEL after the commit. */
export function openNaive(urls: SubjectUrls): Promise<Subject> {
  return open(urls, {})
}

/** The same with the client's own cache, which Redis tells what changes. */
export function openNodeRedisNear(urls: SubjectUrls): Promise<Subject> {
  return open(urls, { RESP: 3, clientSideCache: { ttl: ttlMs, maxEntries: 0, evictPolicy: 'LRU' } })
}

async function open(
  { redisUrl, postgresUrl }: SubjectUrls,
  options: Partial<RedisClientOptions>,
): Promise<Subject> {
  const pool = new Pool({ connectionString: postgresUrl, max: 6 }).on('error', () => undefined)
  const redis = createClient({ ...options, url: redisUrl, disableOfflineQueue: true }).on(
    'error',
    () => undefined,
  )
  await redis.connect()
  const read = async (key: number): Promise<number> => {
    const cached = await redis.get(keyOf(key)).catch(() => null)
    if (cached !== null) return (JSON.parse(cached) as VersionedRow).version
    const row = await loadRow(pool, key)
    await redis.set(keyOf(key), JSON.stringify(row), { PX: ttlMs }).catch(() => null)
    return row.version
  }
  return {
    read,
    readMany: async (keys) =>
      new Map(await Promise.all(keys.map(async (key) => [key, await read(key)] as const))),
    write: (write) => writeThenInvalidate(pool, write, () => redis.del(keyOf(write.key))),
    close: async () => {
      redis.destroy()
      await pool.end()
    },
  }
}

function keyOf(key: number): string {
  return `row:${key}`
}
