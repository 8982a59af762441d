import {
  connect,
  createRelay,
  createSessions,
  migrate,
  orThrow,
  type Relay,
  type Sessions,
  type Stores,
} from '@headwater/core'
import {
  createRepositories,
  repositoriesMigrations,
  type Course,
  type Repositories,
  type User,
} from '@headwater/repositories'
import {
  createCourseSearch,
  openaiEmbedder,
  type CourseSearch,
  searchMigrations,
} from '@headwater/search'
import {
  faultProxy,
  startMongodbStandIn,
  startOpenaiStandIn,
  startPineconeStandIn,
  startPostgresServer,
  startRedisServer,
  type FaultProxy,
  type MongodbStandIn,
  type OpenaiStandIn,
  type PineconeStandIn,
  type PostgresServer,
  type RedisServer,
} from '@headwater/testing'

/** The whole platform on servers of its own, so that each of them can be stopped. */
export interface Platform extends Repositories {
  readonly stores: Stores
  readonly search: CourseSearch
  readonly sessions: Sessions
  readonly relay: Relay
  readonly servers: Servers
  /** In front of the stores; Pinecone and OpenAI play their faults themselves. */
  readonly proxies: Proxies
  /** Registers a user with a name of its own. */
  register(): Promise<User>
  /** Creates and publishes a course with these places. */
  offer(course: {
    title: string
    description?: string
    maxStudents?: number | null
  }): Promise<Course>
  close(): Promise<void>
}

export interface Servers {
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  readonly pinecone: PineconeStandIn
  readonly openai: OpenaiStandIn
  mongodb: MongodbStandIn
}

/** One proxy each. */
export interface Proxies {
  readonly postgres: FaultProxy
  readonly redis: FaultProxy
  readonly mongodb: FaultProxy
}

/**
 * Starts five servers and the platform on them. `statementTimeoutMs` is how long a statement may
 * take, in milliseconds.
 */
export async function startPlatform({ statementTimeoutMs = 30_000 } = {}): Promise<Platform> {
  const [postgres, redis, mongodb, pinecone, openai] = await Promise.all([
    startPostgresServer(),
    startRedisServer(),
    startMongodbStandIn(),
    startPineconeStandIn(),
    startOpenaiStandIn(),
  ])
  const servers: Servers = { postgres, redis, mongodb, pinecone, openai }
  const proxies: Proxies = {
    postgres: await faultProxy(postgres.url),
    redis: await faultProxy(redis.url),
    mongodb: await faultProxy(mongodb.url),
  }
  const stores = orThrow(
    await connect({
      postgres: { url: proxies.postgres.url, statementTimeoutMs },
      redis: { url: proxies.redis.url },
      mongodb: { url: proxies.mongodb.url, database: 'learning' },
      pinecone: {
        apiKey: pinecone.apiKey,
        index: 'course-search',
        controllerHostUrl: pinecone.url,
      },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const repositories = createRepositories(stores)
  const { users, courses, activity } = repositories
  const embedder = openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url })
  const search = createCourseSearch(stores, { courses, activity, embedder, legDeadlineMs: 1_000 })
  const relay = createRelay(stores, { sinks: [...repositories.sinks, ...search.sinks] })
  relay.start()
  let registered = 0
  const register = async () => {
    registered += 1
    return orThrow(
      await users.create({
        email: `user${registered}@example.org`,
        username: `user${registered}`,
        passwordHash: 'hash',
      }),
    )
  }
  return {
    ...repositories,
    stores,
    search,
    relay,
    servers,
    proxies,
    register,
    sessions: createSessions(stores),
    offer: async (course) => {
      const { id } = orThrow(
        await courses.create({ ...course, instructorId: (await register()).id, price: '20.00' }),
      )
      return orThrow(await courses.publish(id))
    },
    close: async () => {
      orThrow(await stores.close({ deadlineMs: 5_000 }))
      await Promise.all(Object.values(proxies).map((proxy: FaultProxy) => proxy.close()))
      await Promise.all([
        postgres.stop(),
        redis.stop(),
        servers.mongodb.stop(),
        pinecone.stop(),
        openai.stop(),
      ])
    },
  }
}
