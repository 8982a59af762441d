import {
  connect,
  createRelay,
  createSessions,
  migrate,
  orThrow,
  type Relay,
  type Resyncable,
  type Sessions,
  type Stores,
} from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Repositories,
} from '@headwater/repositories'
import {
  createCourseSearch,
  hashingEmbedder,
  searchMigrations,
  type CourseSearch,
} from '@headwater/search'
import { eventually, type PineconeStandIn } from '@headwater/testing'

export const dimensions = 64

/** Name of the database in MongoDB. */
export const database = 'restore_drill'

/** Addresses of the stores. */
export interface Servers {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly mongodbUrl: string
  readonly pinecone: PineconeStandIn
}

/** One process of the platform. Its relay is not started. */
export interface Platform extends Repositories {
  readonly stores: Stores
  readonly search: CourseSearch
  readonly sessions: Sessions<number>
  readonly relay: Relay
  /** The parts for `resync` and `rebuild`. */
  readonly parts: readonly Resyncable[]
  /** Ends it, with as much time as this. */
  end(deadlineMs: number): Promise<void>
}

/** Opens a process of the platform. */
export async function openPlatform(servers: Servers): Promise<Platform> {
  const { postgresUrl, redisUrl, mongodbUrl, pinecone } = servers
  const stores = orThrow(
    await connect({
      postgres: { url: postgresUrl },
      redis: { url: redisUrl, deadlineMs: 2_000 },
      mongodb: { url: mongodbUrl, database },
      pinecone: {
        apiKey: pinecone.apiKey,
        controllerHostUrl: pinecone.url,
        index: 'course-search',
        deadlineMs: 10_000,
      },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  // Until then reads pass the cache by, and would find nothing wrong with it.
  await eventually(() => stores.invalidation.isOpen, { timeoutMs: 60_000 })
  const repositories = createRepositories(stores)
  const { courses, activity } = repositories
  const embedder = hashingEmbedder({ dimensions })
  const search = createCourseSearch(stores, { courses, activity, embedder, legDeadlineMs: 10_000 })
  const sinks = [...repositories.sinks, ...search.sinks]
  return {
    ...repositories,
    stores,
    search,
    sessions: createSessions<number>(stores),
    relay: createRelay(stores, { sinks }),
    parts: [...repositories.resyncables, ...search.resyncables],
    // After a disaster nothing is left to wait for.
    end: async (deadlineMs) => void (await stores.close({ deadlineMs }).unwrapOr(undefined)),
  }
}
