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

/** The whole platform on its own servers, so that a test can stop each of them. */
export interface Platform extends Repositories {
  readonly stores: Stores
  readonly search: CourseSearch
  readonly sessions: Sessions
  readonly relay: Relay
  readonly servers: Servers
  /**
   * Proxies in front of the stores; the stand-ins of Pinecone and OpenAI play faults themselves.
   */
  readonly proxies: Proxies
  /** Registers a user with a unique name. */
  register(): Promise<User>
  /** Creates and publishes a course. */
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

/** Limits in milliseconds. */
interface Limits {
  readonly statementTimeoutMs: number
  readonly redisDeadlineMs: number
  readonly legDeadlineMs: number
}

/** The proxies in front of the stores. */
export interface Proxies {
  readonly postgres: FaultProxy
  readonly redis: FaultProxy
  readonly mongodb: FaultProxy
}

/** Starts five servers and the platform on them, with limits of statements, commands and legs. */
export async function startPlatform({
  legDeadlineMs = 10_000,
  ...limits
}: Partial<Limits> = {}): Promise<Platform> {
  const servers = await startServers()
  const proxies: Proxies = {
    postgres: await faultProxy(servers.postgres.url),
    redis: await faultProxy(servers.redis.url),
    mongodb: await faultProxy(servers.mongodb.url),
  }
  const stores = await openStores(servers, proxies, limits)
  const repositories = createRepositories(stores)
  const { courses, activity } = repositories
  const { apiKey, url: baseURL } = servers.openai
  const embedder = openaiEmbedder({ apiKey, baseURL })
  const search = createCourseSearch(stores, { courses, activity, embedder, legDeadlineMs })
  const relay = createRelay(stores, { sinks: [...repositories.sinks, ...search.sinks] })
  relay.start()
  return {
    ...repositories,
    ...people(repositories),
    stores,
    search,
    relay,
    servers,
    proxies,
    sessions: createSessions(stores),
    close: async () => {
      orThrow(await stores.close({ deadlineMs: 60_000 }))
      await Promise.all(Object.values(proxies).map((proxy: FaultProxy) => proxy.close()))
      await stopServers(servers)
    },
  }
}

async function startServers(): Promise<Servers> {
  const [postgres, redis, mongodb, pinecone, openai] = await Promise.all([
    startPostgresServer(),
    startRedisServer(),
    startMongodbStandIn(),
    startPineconeStandIn(),
    startOpenaiStandIn(),
  ])
  return { postgres, redis, mongodb, pinecone, openai }
}

async function stopServers(servers: Servers): Promise<void> {
  const { postgres, redis, mongodb, pinecone, openai } = servers
  await Promise.all([postgres.stop(), redis.stop(), mongodb.stop(), pinecone.stop(), openai.stop()])
}

async function openStores(
  { pinecone }: Servers,
  proxies: Proxies,
  { statementTimeoutMs = 30_000, redisDeadlineMs = 10_000 }: Partial<Limits>,
): Promise<Stores> {
  const stores = orThrow(
    await connect({
      postgres: { url: proxies.postgres.url, statementTimeoutMs },
      redis: { url: proxies.redis.url, deadlineMs: redisDeadlineMs },
      mongodb: { url: proxies.mongodb.url, database: 'learning' },
      pinecone: {
        apiKey: pinecone.apiKey,
        index: 'course-search',
        controllerHostUrl: pinecone.url,
      },
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  return stores
}

function people({ users, courses }: Repositories): Pick<Platform, 'register' | 'offer'> {
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
    register,
    offer: async (course) => {
      const { id } = orThrow(
        await courses.create({ ...course, instructorId: (await register()).id, price: '20.00' }),
      )
      return orThrow(await courses.publish(id))
    },
  }
}
