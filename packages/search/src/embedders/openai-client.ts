import { err, ok, packageMissing, readCredential, ResultAsync } from '@headwater/core'
import type { Credential, PackageMissing } from '@headwater/core'
import type * as OpenaiPackage from 'openai'
import type OpenAI from 'openai'

/**
 * Loads the package of OpenAI's official client; never rejects. Bundlers leave it alone: webpack
 * and Turbopack are told so, others heed the handler of a failed import.
 */
export function loadOpenai(): ResultAsync<typeof OpenaiPackage, PackageMissing> {
  const loaded = import(/* webpackIgnore: true */ 'openai').then(
    (openai) => ok(openai),
    (cause: unknown) => err(packageMissing('openai', 'openai', cause)),
  )
  return new ResultAsync<typeof OpenaiPackage, PackageMissing>(loaded)
}

/** The address of the service, and the key to it. */
export interface OpenaiAccess {
  readonly apiKey: Credential
  readonly baseURL: string
  readonly headers: Readonly<Record<string, string>>
  /** Time that a call has, in milliseconds. */
  readonly deadlineMs: number
}

/**
 * A client that takes nothing from the environment and sends its requests with `send`. A query of
 * the address is sent with every request.
 */
export function openaiClient(
  { OpenAI: Client }: typeof OpenaiPackage,
  { apiKey, baseURL, headers, deadlineMs }: OpenaiAccess,
  send?: typeof fetch,
): OpenAI {
  const url = new URL(baseURL)
  const query = Object.fromEntries(url.searchParams)
  url.search = ''
  // Every option left out here is read from the environment by the client.
  return new Client({
    apiKey:
      typeof apiKey === 'string'
        ? apiKey
        : () => readCredential(apiKey, { option: 'apiKey', deadlineMs }),
    ...(send === undefined ? {} : { fetch: send }),
    baseURL: url.href.replace(/\/$/, ''),
    defaultQuery: query,
    defaultHeaders: headers,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
    maxRetries: 0,
  })
}
