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
import { loadCatalogue, readCatalogue } from '../../examples/catalogue/src/index.ts'
import type { Bench } from '../measure/bench.ts'
import { say } from '../measure/say.ts'

/** The sample catalogue, indexed and searchable. */
export interface SearchFixture {
  readonly stores: Stores
  readonly courses: CourseRepository
  readonly search: CourseSearch
  readonly embedder: Embedder
  readonly index: VectorIndex
  readonly postgresUrl: string
  readonly redisUrl: string
  close(this: void): Promise<void>
}

/**
 * Connects and loads the catalogue. The vectors are in this process: the figures show the work
 * around them.
 */
export async function openSearchFixture({
  postgres,
  redis,
}: Pick<Bench, 'postgres' | 'redis'>): Promise<SearchFixture> {
  const stores = orThrow(
    await connect({ postgres: { url: postgres.url }, redis: { url: redis.url } }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const repositories = createRepositories(stores)
  const [embedder, index] = [hashingEmbedder(), inMemoryVectorIndex()]
  const search = createCourseSearch(stores, { courses: repositories.courses, embedder, index })
  say('loading the catalogue')
  const { courses } = await loadCatalogue(repositories, await readCatalogue())
  for (const { id } of courses) orThrow(await search.index.indexCourse(id))
  return {
    stores,
    courses: repositories.courses,
    search,
    embedder,
    index,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    close: async () => {
      orThrow(await stores.close())
    },
  }
}
