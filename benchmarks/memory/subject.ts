import { collectMetrics, connect, createRateLimiter, createRelay } from '@headwater/core'
import { createSessions, migrate, orThrow, outbox } from '@headwater/core'
import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import { createCourseSearch, openaiEmbedder, searchMigrations } from '@headwater/search'
import type { Addresses } from '../flows/by-hand/clients.ts'

/** What the subject is told to open. */
export interface SubjectOptions extends Addresses {
  readonly isNear: boolean
}

/** Everything that a process of an application has: stores, repositories, search, relay. */
export type Subject = Awaited<ReturnType<typeof openSubject>>

/** Connects and starts the relay, with the defaults of everything. */
export async function openSubject(options: SubjectOptions) {
  const { pinecone, openai } = options.services
  const stores = orThrow(
    await connect({
      postgres: { url: options.postgresUrl },
      redis: { url: options.redisUrl },
      mongodb: { url: options.mongodbUrl, database: options.database },
      pinecone: {
        apiKey: pinecone.apiKey,
        controllerHostUrl: pinecone.url,
        index: 'course-search',
      },
      ...(options.isNear && { near: {} }),
    }),
  )
  orThrow(await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }))
  const metrics = collectMetrics(stores.diagnostics)
  const sessions = createSessions<number>(stores)
  const { sinks, ...repositories } = createRepositories(stores, { sessions })
  const search = createCourseSearch(stores, {
    courses: repositories.courses,
    activity: repositories.activity,
    embedder: openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url }),
  })
  const relay = createRelay(stores, { sinks: [...sinks, ...search.sinks] })
  relay.start()
  return {
    ...repositories,
    stores,
    search,
    sessions,
    limiter: createRateLimiter(stores, { name: 'memory', limit: 1_000_000 }),
    lagEvents: async () => {
      const status = orThrow(await outbox(stores).status())
      return status.sinks.reduce((sum, { lagEvents, parked }) => sum + lagEvents + parked, 0)
    },
    close: async () => {
      orThrow(await relay.stop())
      orThrow(await stores.close())
      metrics.stop()
    },
  }
}
