import { setTimeout } from 'node:timers/promises'
import { connectOptionsFromEnv, orThrow, outbox } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import { openServices, type Services } from '../../examples/elearning/src/index.ts'
import type { Addresses } from '../flows/by-hand/clients.ts'
import { users } from '../flows/data.ts'
import { fill } from './data.ts'

const pollMs = 50

/** Opens the services of the example with its defaults, and fills its tables and its index. */
export async function openExample({
  isNear = false,
  ...addresses
}: Addresses & { readonly isNear?: boolean }): Promise<Services> {
  const { pinecone, openai } = addresses.services
  const connection = connectOptionsFromEnv({
    HEADWATER_POSTGRES_URL: addresses.postgresUrl,
    HEADWATER_REDIS_URL: addresses.redisUrl,
    HEADWATER_MONGODB_URL: addresses.mongodbUrl,
    HEADWATER_MONGODB_DATABASE: addresses.database,
    HEADWATER_PINECONE_API_KEY: pinecone.apiKey,
    HEADWATER_PINECONE_INDEX: 'course-search',
    HEADWATER_PINECONE_URL: pinecone.url,
  })
  const services = await openServices(
    { ...connection, ...(isNear && { near: {} }) },
    { embedder: openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url }) },
  )
  await fill(services.stores.postgres.pool)
  orThrow(await services.search.index.reindexAll({ fromStart: true }))
  return services
}

/** A new session of each user, in the order of their ids. */
export async function sessionsOf({ sessions }: Services): Promise<string[]> {
  const tokens: string[] = []
  for (let userId = 1; userId <= users; userId += 1)
    tokens.push(orThrow(await sessions.create({ userId })).token)
  return tokens
}

/** Waits until every event is delivered and all activity is written. */
export async function settled({ stores, activity }: Services): Promise<void> {
  for (;;) {
    const { sinks } = orThrow(await outbox(stores).status())
    if (sinks.every(({ lagEvents, parked }) => lagEvents + parked === 0)) break
    await setTimeout(pollMs)
  }
  await activity.flush()
}
