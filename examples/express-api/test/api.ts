import { createServices, serve } from '../src/index.ts'
import type { Limits, Services } from '../src/index.ts'
import { connect, migrate, orThrow } from '@headwater/core'
import type { ConnectOptions } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import type { Course, User } from '@headwater/repositories'
import { openaiEmbedder, pineconeIndex, searchMigrations } from '@headwater/search'
import { faultProxy, isolate } from '@headwater/testing'
import type { FaultProxy, StoreParts } from '@headwater/testing'
import { inject } from 'vitest'
import { Visitor } from './visitor.ts'

export const password = 'correct horse battery'

const unlimited: Limits = {
  register: 10_000,
  login: 10_000,
  read: 10_000,
  write: 10_000,
  search: 10_000,
}

/** The API on isolated stores, each behind a fault proxy. */
export interface Api {
  readonly url: string
  readonly services: Services
  readonly proxies: {
    readonly postgres: FaultProxy
    readonly redis: FaultProxy
    readonly mongodb: FaultProxy
  }
  visitor(): Visitor
  /** Registers a member and signs in, over HTTP. */
  member(role?: 'student' | 'instructor'): Promise<Member>
  /** Creates and publishes a course, over HTTP. */
  course(course?: object): Promise<Course>
  dispose(): Promise<void>
}

export interface Member {
  readonly visitor: Visitor
  readonly user: User
}

export async function openApi(limits: Partial<Limits> = {}): Promise<Api> {
  const parts = await isolate(inject('stack'))
  const proxies = {
    postgres: await faultProxy(parts.postgres.url),
    redis: await faultProxy(parts.redis.url),
    mongodb: await faultProxy(parts.mongodb.url),
  }
  const stores = orThrow(await connect(connectOptions(parts, proxies)))
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const { pinecone, openai } = parts
  const embedder = openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url })
  const services = createServices(stores, {
    embedder,
    index: pineconeIndex(stores, { namespace: pinecone.namespace }),
  })
  services.relay.start()
  const server = await serve(services, { limits: { ...unlimited, ...limits } })
  const people = memberMaker(server.url)
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
  proxies: Api['proxies'],
): ConnectOptions {
  return {
    postgres: { url: proxies.postgres.url },
    // Longer than a busy machine takes; a cut connection still shows at once.
    redis: { url: proxies.redis.url, keyPrefix: redis.prefix, deadlineMs: 2_000 },
    mongodb: { url: proxies.mongodb.url, database: mongodb.database },
    pinecone: { apiKey: pinecone.apiKey, index: pinecone.index, controllerHostUrl: pinecone.url },
  }
}

function memberMaker(url: string): Pick<Api, 'visitor' | 'member'> {
  let serial = 0
  const visitor = () => new Visitor(url)
  return {
    visitor,
    async member(role = 'student') {
      serial += 1
      const name = `${role}${serial}`
      const someone = visitor()
      const { body: user } = await someone.post<User>('/users', {
        email: `${name}@example.com`,
        username: name,
        password,
        role,
      })
      await someone.post('/sessions', { email: user.email, password })
      return { visitor: someone, user }
    },
  }
}
