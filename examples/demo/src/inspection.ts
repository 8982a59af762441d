import type { StoreParts } from '@headwater/testing'
import { Pinecone } from '@pinecone-database/pinecone'
import { MongoClient } from 'mongodb'
import { Pool } from 'pg'
import { createClient, type RedisClientType } from '@redis/client'

type Document = Record<string, unknown>

/** Reads the stores with their own clients, without the SDK, for what the demo says of them. */
export interface Inspection {
  /** The first row of a statement; `undefined` when there is none. */
  row<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row | undefined>
  /** The value under a key of the SDK in Redis, and its remaining life. */
  key(name: string): Promise<{ readonly text: string; readonly ttlMs: number } | undefined>
  /** Whether Redis answers at the URL that the SDK uses. */
  redisAnswers(): Promise<boolean>
  /** The documents that match a filter. */
  documents(collection: string, filter: Document): Promise<Document[]>
  /** The number of vectors in the index. */
  vectorCount(): Promise<number>
  /** Whether the index holds a course's vector. */
  hasVector(courseId: number): Promise<boolean>
  /** Closes the clients. */
  close(): Promise<void>
}

/** Connects the official clients. */
export async function openInspection(
  { postgres, redis, mongodb, pinecone }: StoreParts,
  redisUrl: string,
): Promise<Inspection> {
  const pool = new Pool({ connectionString: postgres.url, max: 1 })
  pool.on('error', () => undefined)
  const mongo = new MongoClient(mongodb.url)
  const index = new Pinecone({ apiKey: pinecone.apiKey, controllerHostUrl: pinecone.url })
    .index({ name: pinecone.index })
    .namespace(pinecone.namespace)
  return {
    row: async <Row extends object>(sql: string, values: readonly unknown[]) =>
      (await pool.query<Row>(sql, [...values])).rows[0],
    key: (name) =>
      withRedis(redisUrl, async (client) => {
        const [text, ttlMs] = await Promise.all([
          client.get(`${redis.prefix}${name}`),
          client.pTTL(`${redis.prefix}${name}`),
        ])
        return text === null ? undefined : { text, ttlMs }
      }),
    redisAnswers: () =>
      withRedis(redis.url, async (client) => (await client.ping()) === 'PONG').catch(() => false),
    documents: (collection, filter) =>
      mongo.db(mongodb.database).collection(collection).find(filter).toArray(),
    vectorCount: async () =>
      (await index.describeIndexStats()).namespaces?.[pinecone.namespace]?.recordCount ?? 0,
    hasVector: async (courseId) => {
      const id = `course_${courseId}`
      return (await index.fetch({ ids: [id] })).records[id] !== undefined
    },
    close: async () => {
      await Promise.allSettled([pool.end(), mongo.close()])
    },
  }
}

/** Opens a connection for one look, since Redis goes away in between. */
async function withRedis<T>(url: string, use: (client: RedisClientType) => Promise<T>): Promise<T> {
  const client: RedisClientType = createClient({
    url,
    socket: { connectTimeout: 5_000, reconnectStrategy: false },
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}
