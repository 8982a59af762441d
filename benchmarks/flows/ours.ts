import { connect, migrate, type NearOptions, orThrow } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Repositories,
} from '@headwater/repositories'
import {
  createCourseSearch,
  openaiEmbedder,
  pineconeIndex,
  searchMigrations,
  type CourseSearch,
} from '@headwater/search'
import { MongoClient, type Db } from 'mongodb'
import type { Pool } from 'pg'
import { Invalidations } from '../measure/invalidations.ts'
import type { Addresses } from './by-hand/clients.ts'

/** The SDK on connected stores, without a relay. */
export interface Ours extends Repositories {
  readonly search: CourseSearch
  readonly postgres: Pool
  readonly mongodb: Db
  /** Waits for what was left for later. */
  settled(): Promise<void>
  close(): Promise<void>
}

/**
 * Connects as the guides do, and creates the tables. Redis and the legs of a search have more time
 * than by default, so that a busy machine measures no bypass.
 */
export async function openOurs({
  postgresUrl,
  redisUrl,
  mongodbUrl,
  database,
  services: { pinecone, openai },
  near,
}: Addresses & { readonly near: NearOptions | undefined }): Promise<Ours> {
  const mongodb = new MongoClient(mongodbUrl)
  const stores = orThrow(
    await connect({
      postgres: { url: postgresUrl, connectTimeoutMs: 60_000 },
      redis: { url: redisUrl, deadlineMs: 10_000 },
      mongodb: { client: mongodb, database },
      pinecone: {
        apiKey: pinecone.apiKey,
        controllerHostUrl: pinecone.url,
        index: 'course-search',
      },
      ...(near === undefined ? {} : { near }),
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const repositories = createRepositories(stores)
  const search = createCourseSearch(stores, {
    courses: repositories.courses,
    activity: repositories.activity,
    embedder: openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url, deadlineMs: 60_000 }),
    index: pineconeIndex(stores, { namespace: 'ours' }),
    legDeadlineMs: 60_000,
  })
  const invalidations = new Invalidations(stores)
  return {
    ...repositories,
    search,
    postgres: stores.postgres.pool,
    mongodb: mongodb.db(database),
    settled: async () => {
      await invalidations.settled()
      await repositories.activity.flush()
    },
    close: async () => {
      orThrow(await stores.close())
      await mongodb.db(database).dropDatabase()
      await mongodb.close()
    },
  }
}
