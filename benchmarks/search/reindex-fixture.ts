import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type CourseRepository,
} from '@headwater/repositories'
import {
  createCourseSearch,
  openaiEmbedder,
  pineconeIndex,
  searchMigrations,
  type CourseSearch,
  type VectorIndex,
} from '@headwater/search'
import { Pinecone } from '@pinecone-database/pinecone'
import { createDatabase, dropDatabase } from '@headwater/testing'
import { startServices, type Services } from './services.ts'

/** A catalogue without an index, and services that speak the protocols of Pinecone and OpenAI. */
export interface ReindexFixture {
  readonly stores: Stores
  readonly courses: CourseRepository
  readonly services: Services
  readonly dimensions: number
  /** A search with an empty index of its own. */
  open(this: void): { readonly search: CourseSearch; readonly index: VectorIndex }
  /** Removes every vector of every round. */
  clear(this: void): Promise<void>
  stop(this: void): Promise<void>
}

/** Options of {@link openReindexFixture}. */
export interface ReindexFixtureOptions {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly courses: number
  readonly dimensions: number
}

/** On a busy machine: the words of each course are taken in the same statement. */
const fillMs = 300_000

const createCatalogue = `
  INSERT INTO courses (title, description, category, instructor_id, price, is_published)
  SELECT 'Course ' || number || ' on subject ' || number % 97,
         repeat('What is taught here is number ' || number || '. ', 8),
         'Category ' || number % 12, 1, 49, true
  FROM generate_series(1, $1::integer) AS number`

/** Opens a database of its own with this many courses. */
export async function openReindexFixture({
  postgresUrl,
  redisUrl,
  courses,
  dimensions,
}: ReindexFixtureOptions): Promise<ReindexFixture> {
  const url = await createDatabase(postgresUrl)
  const services = await startServices(dimensions)
  const { pinecone, openai } = services
  const stores = orThrow(
    await connect({
      postgres: { url, statementTimeoutMs: fillMs },
      redis: { url: redisUrl, keyPrefix: `reindex-${courses}-` },
      pinecone: {
        apiKey: pinecone.apiKey,
        controllerHostUrl: pinecone.url,
        index: 'course-search',
      },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const { users, courses: repository } = createRepositories(stores)
  orThrow(
    await users.create({
      email: 'teacher@example.com',
      username: 'teacher',
      passwordHash: 'x'.repeat(60),
      role: 'instructor',
    }),
  )
  orThrow(await stores.postgres.query(createCatalogue, [courses]))
  orThrow(await stores.postgres.query('ANALYZE'))
  const embedder = openaiEmbedder({
    apiKey: openai.apiKey,
    baseURL: openai.url,
    dimensions,
    deadlineMs: 60_000,
  })
  let opened = 0
  return {
    stores,
    courses: repository,
    services,
    dimensions,
    open: () => {
      const index = pineconeIndex(stores, { namespace: `courses-${opened++}`, dimensions })
      // With a ranking that is given, no similarities are measured: by hand they are not either.
      const ranking = { minSimilarity: 0.1, denseWeight: 1 }
      const options = { courses: repository, embedder, index, ...ranking }
      return { search: createCourseSearch(stores, options), index }
    },
    clear: async () => {
      const index = new Pinecone({
        apiKey: pinecone.apiKey,
        controllerHostUrl: pinecone.url,
      }).index({ name: 'course-search' })
      const { namespaces = {} } = await index.describeIndexStats()
      for (const namespace of Object.keys(namespaces)) await index.deleteAll({ namespace })
    },
    stop: async () => {
      orThrow(await stores.close())
      await services.stop()
      await dropDatabase(url)
    },
  }
}
