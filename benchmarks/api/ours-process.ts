// The Express example, as it is, in a process of its own.
import { setTimeout } from 'node:timers/promises'
import { connectOptionsFromEnv, orThrow, outbox } from '@headwater/core'
import { openaiEmbedder } from '@headwater/search'
import { openServices, type Services } from '../../examples/elearning/src/index.ts'
import { serve } from '../../examples/express-api/src/index.ts'
import { users } from '../flows/data.ts'
import { fill } from './data.ts'
import { serveSide, type SideOptions } from './side-process.ts'

const pollMs = 50

await serveSide(async (options) => {
  const services = await servicesOf(options)
  await fill(services.stores.postgres.pool)
  orThrow(await services.search.index.reindexAll({ fromStart: true }))
  const { secret, limits } = options
  const { url } = await serve(services, { secret, limits, onError: console.error })
  return {
    url,
    tokens: await sessionsOf(services),
    settled: () => settled(services),
  }
})

/** Connects as the example does, with its defaults. */
function servicesOf(options: SideOptions): Promise<Services> {
  const { pinecone, openai } = options.services
  const connection = connectOptionsFromEnv({
    HEADWATER_POSTGRES_URL: options.postgresUrl,
    HEADWATER_REDIS_URL: options.redisUrl,
    HEADWATER_MONGODB_URL: options.mongodbUrl,
    HEADWATER_MONGODB_DATABASE: options.database,
    HEADWATER_PINECONE_API_KEY: pinecone.apiKey,
    HEADWATER_PINECONE_INDEX: 'course-search',
    HEADWATER_PINECONE_URL: pinecone.url,
  })
  return openServices(
    { ...connection, ...(options.isNear && { near: {} }) },
    { embedder: openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url }) },
  )
}

async function sessionsOf({ sessions }: Services): Promise<string[]> {
  const tokens: string[] = []
  for (let userId = 1; userId <= users; userId += 1)
    tokens.push(orThrow(await sessions.create({ userId })).token)
  return tokens
}

/** Waits until every event is delivered and all activity is written. */
async function settled({ stores, activity }: Services): Promise<void> {
  for (;;) {
    const { sinks } = orThrow(await outbox(stores).status())
    if (sinks.every(({ lagEvents, parked }) => lagEvents + parked === 0)) break
    await setTimeout(pollMs)
  }
  await activity.flush()
}
