import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import {
  createClient,
  createCluster,
  type RedisClientOptions,
  type RedisClientType,
} from '@redis/client'
import { loadRow, type VersionedRow, writeThenInvalidate } from '../rows.ts'
import {
  type RedisAddress,
  type Subject,
  type SubjectSessions,
  type SubjectUrls,
  ttlMs,
} from '../subject.ts'

/** The usual hand-written cache: GET, else SELECT and SET; DEL after the commit. */
export function openNaive(urls: SubjectUrls): Promise<Subject> {
  return open(urls, {})
}

/** The same with the client's own cache, which Redis tells what changes. */
export function openNodeRedisNear(urls: SubjectUrls): Promise<Subject> {
  return open(urls, { RESP: 3, clientSideCache: { ttl: ttlMs, maxEntries: 0, evictPolicy: 'LRU' } })
}

async function open(
  { redis: address, postgresUrl }: SubjectUrls,
  options: Partial<RedisClientOptions>,
): Promise<Subject> {
  const pool = new Pool({ connectionString: postgresUrl, max: 6 }).on('error', () => undefined)
  const redis = await connectTo(address, options)
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
    sessions: sessionsIn(redis),
    close: async () => {
      redis.destroy()
      await pool.end()
    },
  }
}

async function connectTo(
  address: RedisAddress,
  options: Partial<RedisClientOptions>,
): Promise<RedisClientType> {
  const defaults = { ...options, disableOfflineQueue: true }
  const redis =
    'url' in address
      ? createClient({ ...defaults, ...address })
      : createCluster({ rootNodes: address.rootNodes.map((url) => ({ url })), defaults })
  redis.on('error', () => undefined)
  await redis.connect()
  // What is used here, both have.
  return redis as RedisClientType
}

/** The usual sessions: SET at the beginning, DEL at the end. */
function sessionsIn(redis: RedisClientType): SubjectSessions {
  return {
    begin: async (userId) => {
      const token = randomUUID()
      await redis.set(token, userId)
      return token
    },
    isFound: async (token) => (await redis.get(token)) !== null,
    end: async (_, token) => {
      await redis.del(token)
    },
  }
}

function keyOf(key: number): string {
  return `row:${key}`
}
