import { connectOptionsFromEnv } from '@headwater/core'
import { hashingEmbedder, openaiEmbedder } from '@headwater/search'
import type { Embedder } from '@headwater/search'
import { envNumber } from './env-number.ts'
import { type HostOptions, openServices, type RunningHost, type Serve } from './host.ts'
import type { Services } from './services.ts'

/** Opens the services and the host that the environment describes. */
export async function startFromEnv(
  serve: Serve,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningHost> {
  const services = await servicesFromEnv(env)
  try {
    return await serve(services, hostOptionsFrom(env))
  } catch (error) {
    await services.stores[Symbol.asyncDispose]()
    throw error
  }
}

/** Connects what the environment names, migrates and starts the relay. */
export function servicesFromEnv(env: NodeJS.ProcessEnv = process.env): Promise<Services> {
  return openServices(connectOptionsFromEnv(env), { embedder: embedderFrom(env) })
}

/** The options that the environment sets. */
export function hostOptionsFrom(env: NodeJS.ProcessEnv = process.env): HostOptions {
  return {
    port: envNumber(env, 'PORT', 0),
    trustedProxies: envNumber(env, 'TRUSTED_PROXIES', 0),
    deadlineMs: envNumber(env, 'REQUEST_DEADLINE_MS', 10_000),
    secureCookies: env['NODE_ENV'] === 'production',
    monitorToken: env['MONITOR_TOKEN'],
    secret: env['APP_SECRET'],
    onError: (error) => {
      console.error(error)
    },
  }
}

/** OpenAI's embedder where a key is given, otherwise the one that needs no service. */
function embedderFrom({
  HEADWATER_OPENAI_API_KEY: apiKey,
  HEADWATER_OPENAI_URL: baseURL,
}: NodeJS.ProcessEnv): Embedder {
  return apiKey ? openaiEmbedder({ apiKey, ...(baseURL && { baseURL }) }) : hashingEmbedder()
}
