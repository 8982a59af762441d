import type { Stores } from '@headwater/core'
import { Pinecone } from '@pinecone-database/pinecone'
import { MongoClient } from 'mongodb'
import { Pool } from 'pg'
import type { DemoStores } from './demo-stores.ts'

type Document = Record<string, unknown>

/** Reads the stores with their own clients, without the SDK, for what the demo says of them. */
export interface Inspection {
  /** The first row of a statement; `undefined` when there is none. */
  row<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row | undefined>
  /** The value under a key of the SDK in Redis, and its remaining life. */
  key(name: string): Promise<{ readonly text: string; readonly ttlMs: number } | undefined>
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
  { parts: { postgres, mongodb, pinecone }, redis }: DemoStores,
  stores: Stores,
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
      redis.look(stores, async (client) => {
        const [text, ttlMs] = await Promise.all([
          client.get(`${redis.prefix}${name}`),
          client.pTTL(`${redis.prefix}${name}`),
        ])
        return text === null ? undefined : { text, ttlMs }
      }),
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
