import { randomBytes } from 'node:crypto'
import { createServices } from '@headwater-examples/elearning'
import type { Services } from '@headwater-examples/elearning'
import { consoleMigrations } from '@headwater/console'
import { connect, connectOptionsFromEnv, migrate, orThrow } from '@headwater/core'
import { repositoriesMigrations } from '@headwater/repositories'
import { pineconeIndex, searchMigrations } from '@headwater/search'
import type { Broker } from './broker/broker.ts'
import { brokerFromEnv } from './broker/broker-from-env.ts'
import { noteDeliveries } from './broker/deliveries.ts'
import type { DemoStores } from './demo-stores.ts'
import { openEmbedder, type EmbedderName } from './embedders.ts'
import type { Ending } from './ending.ts'
import { openInspection, type Inspection } from './inspection.ts'
import { duration, type Output } from './output.ts'
import type { RedisOutage } from './redis/demo-redis.ts'

/** The SDK's services, and the stores' own clients to look at their effects. */
export interface Platform {
  readonly services: Services
  readonly inspection: Inspection
  readonly redisOutage: RedisOutage | undefined
  /** `undefined` where the environment names none. */
  readonly broker: Broker | undefined
}

/** Options of {@link openPlatform}. */
export interface PlatformOptions {
  readonly output: Output
  readonly ending: Ending
  readonly embedder: EmbedderName
}

/** Connects the SDK, migrates and starts the relay. */
export async function openPlatform(
  demoStores: DemoStores,
  { output, ending, embedder }: PlatformOptions,
): Promise<Platform> {
  const { parts, redis } = demoStores
  const { postgres, mongodb, pinecone, openai } = parts
  const { postgres: configured } = connectOptionsFromEnv(process.env)
  const broker = await startBroker(ending)
  const stores = orThrow(
    await connect({
      // A database of the demo's own, by the way that the environment describes.
      postgres: { ...configured, url: postgres.url, schema: 'public' },
      // Ten times the default, so that a slow machine does not look like an outage.
      redis: { ...redis.options, keyPrefix: redis.prefix, deadlineMs: 1_000 },
      mongodb: { url: mongodb.url, database: mongodb.database },
      pinecone: { apiKey: pinecone.apiKey, index: pinecone.index, controllerHostUrl: pinecone.url },
    }),
  )
  // After the stores, so that nothing is written behind it.
  ending.add(() => redis.clear(stores))
  ending.add(() => stores[Symbol.asyncDispose]())
  const startedMs = performance.now()
  const { applied } = orThrow(
    await migrate(stores, { sets: [repositoriesMigrations, searchMigrations, consoleMigrations] }),
  )
  output.row('migrated', `${applied.length} files in ${duration(performance.now() - startedMs)}`)
  if (broker !== undefined) await noteDeliveries(broker, stores)
  const { diagnostics } = stores
  const services = createServices(stores, {
    embedder: openEmbedder(embedder, { openai, diagnostics, ending }),
    index: pineconeIndex(stores, { namespace: pinecone.namespace }),
    ...(broker && { sinks: [broker.sink] }),
  })
  services.relay.start()
  const inspection = await openInspection(demoStores, stores)
  ending.add(() => inspection.close())
  return { services, inspection, redisOutage: redis.outage, broker }
}

async function startBroker(ending: Ending): Promise<Broker | undefined> {
  const name = `demo_${randomBytes(6).toString('hex')}`
  const broker = await brokerFromEnv(process.env, name)
  if (broker !== undefined) ending.add(() => broker.remove())
  return broker
}
