import { createServices } from '@headwater-examples/elearning'
import type { Services } from '@headwater-examples/elearning'
import { connect, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { openaiEmbedder, pineconeIndex, searchMigrations } from '@headwater/search'
import type { DemoStores, RedisOutage } from './demo-stores.ts'
import type { Ending } from './ending.ts'
import { openInspection, type Inspection } from './inspection.ts'
import { duration, type Output } from './output.ts'

/** The SDK's services, and the stores' own clients to look at their effects. */
export interface Platform {
  readonly services: Services
  readonly inspection: Inspection
  readonly redisOutage: RedisOutage
}

/** Connects the SDK, migrates and starts the relay. */
export async function openPlatform(
  { parts, redisOutage, redisUrl }: DemoStores,
  output: Output,
  ending: Ending,
): Promise<Platform> {
  const { postgres, redis, mongodb, pinecone, openai } = parts
  const stores = orThrow(
    await connect({
      postgres: { url: postgres.url },
      // Ten times the default, so that a slow machine does not look like an outage.
      redis: { url: redis.url, keyPrefix: redis.prefix, deadlineMs: 1_000 },
      mongodb: { url: mongodb.url, database: mongodb.database },
      pinecone: { apiKey: pinecone.apiKey, index: pinecone.index, controllerHostUrl: pinecone.url },
    }),
  )
  ending.add(() => stores[Symbol.asyncDispose]())
  const startedMs = performance.now()
  const { applied } = orThrow(
    await migrate(stores, { sets: [repositoriesMigrations, searchMigrations] }),
  )
  output.row('migrated', `${applied.length} files in ${duration(performance.now() - startedMs)}`)
  const embedder = openaiEmbedder({
    apiKey: openai.apiKey,
    baseURL: openai.url,
    diagnostics: stores.diagnostics,
  })
  const services = createServices(stores, {
    embedder,
    index: pineconeIndex(stores, { namespace: pinecone.namespace }),
  })
  services.relay.start()
  const inspection = await openInspection(parts, redisUrl)
  ending.add(() => inspection.close())
  return { services, inspection, redisOutage }
}
