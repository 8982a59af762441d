import { err, ok, packageMissing, ResultAsync } from '@headwater/core'
import type { PackageMissing } from '@headwater/core'
import type OpenAI from 'openai'

/** What the client needs to know. */
export interface OpenaiClientSettings {
  readonly apiKey: string
  readonly baseURL: string
}

/**
 * Makes OpenAI's official client. Its package is loaded only now, and bundlers leave it alone:
 * webpack and Turbopack are told so, others heed the handler of a failed import.
 */
export function openaiClient({
  apiKey,
  baseURL,
}: OpenaiClientSettings): ResultAsync<OpenAI, PackageMissing> {
  const client = import(/* webpackIgnore: true */ 'openai').then(
    ({ OpenAI: Client }) =>
      // Every option left out here is read from the environment by the client.
      ok(
        new Client({
          apiKey,
          baseURL,
          adminAPIKey: null,
          organization: null,
          project: null,
          webhookSecret: null,
          logLevel: 'off',
          maxRetries: 0,
        }),
      ),
    (cause: unknown) => err(packageMissing('openai', 'openai', cause)),
  )
  return new ResultAsync<OpenAI, PackageMissing>(client)
}
