import { connectOptionsFromEnv } from '@headwater/core'
import { hashingEmbedder, openaiEmbedder } from '@headwater/search'
import type { Embedder } from '@headwater/search'
import { startServer } from './server.ts'

const closeDeadlineMs = 10_000

/** Resolves at the first signal to stop; later ones have no effect. */
function untilStopped(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'])
      process.on(signal, () => {
        resolve(undefined)
      })
  })
}

/** OpenAI's embedder where a key is given, otherwise the one that needs no service. */
function embedderFrom({
  HEADWATER_OPENAI_API_KEY: apiKey,
  HEADWATER_OPENAI_URL: baseURL,
}: NodeJS.ProcessEnv): Embedder {
  return apiKey ? openaiEmbedder({ apiKey, ...(baseURL && { baseURL }) }) : hashingEmbedder()
}

const stopped = untilStopped()

async function run(): Promise<number> {
  const starting = startServer({
    connect: connectOptionsFromEnv(process.env),
    embedder: embedderFrom(process.env),
    port: Number(process.env['PORT'] ?? 0),
    secureCookies: process.env['NODE_ENV'] === 'production',
    onError: (error) => {
      console.error(error)
    },
  })
  const server = await Promise.race([starting, stopped])
  if (server === undefined) return 0
  console.log(`listening on ${server.url}`)
  await stopped
  console.log('stopping')
  return (await server.close({ deadlineMs: closeDeadlineMs })) ? 0 : 1
}

try {
  process.exit(await run())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
