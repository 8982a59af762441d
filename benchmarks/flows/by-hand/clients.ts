import { Pinecone, type Index } from '@pinecone-database/pinecone'
import { createClient, type RedisClientType } from '@redis/client'
import { MongoClient, type Db } from 'mongodb'
import OpenAI from 'openai'
import { Pool } from 'pg'
import type { Services } from '../../search/services.ts'
import { createIndexes, schema } from './schema.ts'

/** The official clients, set up as the reference design sets them up. */
export interface Clients {
  readonly postgres: Pool
  readonly redis: RedisClientType
  readonly mongodb: Db
  readonly openai: OpenAI
  readonly index: Index
  close(): Promise<void>
}

/** Addresses of the stores. */
export interface Addresses {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly mongodbUrl: string
  /** Name of the database in MongoDB. */
  readonly database: string
  readonly services: Pick<Services, 'pinecone' | 'openai'>
}

/**
 * Connects and creates the tables and indexes of the reference design. Unlike there, a connection
 * is waited for for a minute, so that a busy machine fails no round.
 */
export async function openClients(addresses: Addresses): Promise<Clients> {
  const { pinecone, openai } = addresses.services
  const postgres = new Pool({
    connectionString: addresses.postgresUrl,
    max: 20,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 60_000,
  })
  postgres.on('error', () => undefined)
  const redis: RedisClientType = createClient({ url: addresses.redisUrl })
  const mongodb = new MongoClient(addresses.mongodbUrl)
  await Promise.all([redis.connect(), mongodb.connect(), postgres.query(schema)])
  const database = mongodb.db(addresses.database)
  await createIndexes(database)
  return {
    postgres,
    redis,
    mongodb: database,
    openai: new OpenAI({ apiKey: openai.apiKey, baseURL: openai.url }),
    index: new Pinecone({ apiKey: pinecone.apiKey, controllerHostUrl: pinecone.url }).index({
      name: 'course-search',
    }),
    close: async () => {
      await database.dropDatabase()
      await Promise.all([redis.close(), mongodb.close(), postgres.end()])
    },
  }
}
