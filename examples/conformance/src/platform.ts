import { createServices, Passwords } from '@headwater-examples/elearning'
import type { HostOptions, Limits, Serve, Services } from '@headwater-examples/elearning'
import { connect, migrate, orThrow } from '@headwater/core'
import type { ConnectOptions } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import type { Course, User } from '@headwater/repositories'
import { openaiEmbedder, pineconeIndex, searchMigrations } from '@headwater/search'
import { faultProxy, isolate } from '@headwater/testing'
import type { FaultProxy, StoreParts } from '@headwater/testing'
import { afterAll, beforeAll, inject } from 'vitest'
import { Visitor } from './visitor.ts'

export const password = 'correct horse battery'

/** The token of whoever reads metrics and readiness. */
export const monitorToken = 'only for the monitoring of the tests'

/** A thousandth of what a password costs elsewhere: the suite hashes some fifty. */
const passwordCost = { N: 64, r: 8, p: 1 } as const

const unlimited: Limits = {
  register: 10_000,
  login: 10_000,
  loginAddress: 10_000,
  read: 10_000,
  write: 10_000,
  search: 10_000,
}

/** A host of the API on isolated stores, each behind a fault proxy. */
export interface Platform {
  readonly url: string
  readonly services: Services
  readonly proxies: {
    readonly postgres: FaultProxy
    readonly redis: FaultProxy
    readonly mongodb: FaultProxy
  }
  visitor(): Visitor
  /** A visitor with the token of the monitoring. */
  monitor(): Visitor
  /** Makes a member who is signed in. */
  member(role?: 'student' | 'instructor' | 'admin'): Promise<Member>
  /** Creates and publishes a course, over HTTP. */
  course(course?: object): Promise<Course>
  dispose(): Promise<void>
}

export interface Member {
  readonly visitor: Visitor
  readonly user: User
}

/** Options of {@link openPlatform}. */
export interface PlatformOptions extends HostOptions {
  /**
   * Time for a command of Redis, in milliseconds.
   *
   * @defaultValue `10_000`: longer than a busy machine takes; a cut connection still shows at once
   */
  readonly redisDeadlineMs?: number
}

/** Opens one platform for all tests of the enclosing `describe`. */
export function usePlatform(serve: Serve, options: PlatformOptions = {}): () => Platform {
  let platform: Platform | undefined
  beforeAll(async () => {
    platform = await openPlatform(serve, options)
  })
  afterAll(() => platform?.dispose())
  return () => {
    if (platform === undefined) throw new Error('the platform is not open yet')
    return platform
  }
}

/** Opens a host on stores of its own. */
async function openPlatform(
  serve: Serve,
  { limits, redisDeadlineMs = 10_000, ...options }: PlatformOptions,
): Promise<Platform> {
  const parts = await isolate(inject('stack'))
  const proxies = {
    postgres: await faultProxy(parts.postgres.url),
    redis: await faultProxy(parts.redis.url),
    mongodb: await faultProxy(parts.mongodb.url),
  }
  const stores = orThrow(await connect(connectOptions(parts, proxies, redisDeadlineMs)))
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const { pinecone, openai } = parts
  const embedder = openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url })
  const services = createServices(stores, {
    embedder,
    index: pineconeIndex(stores, { namespace: pinecone.namespace }),
  })
  services.relay.start()
  const server = await serve(services, {
    limits: { ...unlimited, ...limits },
    monitorToken,
    passwordCost,
    ...options,
  })
  const people = peopleOf(server.url, services)
  let teacher: Promise<Member> | undefined
  return {
    url: server.url,
    services,
    proxies,
    ...people,
    course: async (course = {}) => {
      const { visitor } = await (teacher ??= people.member('instructor'))
      const { body } = await visitor.post<Course>('/courses', {
        title: 'Algebra',
        price: '49.00',
        ...course,
      })
      return (await visitor.post<Course>(`/courses/${body.id}/publish`)).body
    },
    dispose: async () => {
      for (const proxy of Object.values(proxies)) proxy.restore()
      await server.close()
      await parts.dispose()
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()))
    },
  }
}

function connectOptions(
  { redis, mongodb, pinecone }: StoreParts,
  proxies: Platform['proxies'],
  deadlineMs: number,
): ConnectOptions {
  return {
    postgres: { url: proxies.postgres.url },
    redis: { url: proxies.redis.url, keyPrefix: redis.prefix, deadlineMs },
    mongodb: { url: proxies.mongodb.url, database: mongodb.database },
    pinecone: { apiKey: pinecone.apiKey, index: pinecone.index, controllerHostUrl: pinecone.url },
  }
}

function peopleOf(
  url: string,
  { users, sessions }: Services,
): Pick<Platform, 'visitor' | 'monitor' | 'member'> {
  let serial = 0
  let hash: Promise<string> | undefined
  const visitor = () => new Visitor(url)
  return {
    visitor,
    monitor: () => new Visitor(url, { Authorization: `Bearer ${monitorToken}` }),
    async member(role = 'student') {
      serial += 1
      const name = `${role}${serial}`
      const passwordHash = await (hash ??= new Passwords(passwordCost).hash(password))
      const email = `${name}@example.com`
      const user = orThrow(await users.create({ email, username: name, passwordHash, role }))
      const { token } = orThrow(await sessions.create({ userId: user.id }))
      return { visitor: new Visitor(url, {}, `session=${token}`), user }
    },
  }
}
