import { connect, migrate, orThrow, type Stores } from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type CourseRepository,
} from '@headwater/repositories'
import {
  createCourseSearch,
  hashingEmbedder,
  inMemoryVectorIndex,
  searchMigrations,
  type CourseSearch,
  type Embedder,
  type VectorIndex,
} from '@headwater/search'
import { startPostgresServer, startRedisServer } from '@headwater/testing'
import { loadCatalogue, readCatalogue } from '../../examples/catalogue/src/index.ts'

/** The sample catalogue, indexed and searchable. */
export interface Grounds {
  readonly stores: Stores
  readonly courses: CourseRepository
  readonly search: CourseSearch
  readonly embedder: Embedder
  readonly index: VectorIndex
  readonly postgresUrl: string
  readonly redisUrl: string
  stop(this: void): Promise<void>
}

/**
 * Starts PostgreSQL and Redis and loads the catalogue. The vectors are in this process: what is
 * measured is the way around them.
 */
export async function openGrounds(say: (line: string) => void): Promise<Grounds> {
  const [postgres, redis] = await Promise.all([
    startPostgresServer(),
    startRedisServer({ onProgress: say }),
  ])
  const stores = orThrow(
    await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const repositories = createRepositories(stores)
  const [embedder, index] = [hashingEmbedder(), inMemoryVectorIndex()]
  const search = createCourseSearch({ stores, courses: repositories.courses, embedder, index })
  say('loading the catalogue')
  const { courses } = await loadCatalogue(repositories, await readCatalogue())
  for (const { id } of courses) orThrow(await search.indexCourse(id))
  return {
    stores,
    courses: repositories.courses,
    search,
    embedder,
    index,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    stop: async () => {
      orThrow(await stores.close())
      await Promise.all([postgres.stop(), redis.stop()])
    },
  }
}
