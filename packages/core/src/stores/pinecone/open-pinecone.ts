import { randomUUID } from 'node:crypto'
import type { Pinecone } from '@pinecone-database/pinecone'
import type { StoreError } from '../../errors.ts'
import { FailureError } from '../../failure/failure-error.ts'
import { packageMissing } from '../../failure/package-missing.ts'
import type { Result } from '../../result.ts'
import { readCredential } from '../credential.ts'
import type { OpenedStore, StoreContext, StoreKind } from '../store-kind.ts'
import { tlsFetch } from '../tls/tls-fetch.ts'
import { PineconeClientStore } from './pinecone-client-store.ts'
import { PineconeExchanges } from './pinecone-exchange.ts'
import { type PineconeOptions, pineconeOptions, type PineconeSettings } from './pinecone-options.ts'
import type { PineconeStore } from './pinecone-store.ts'

/** Pinecone as a kind of store. Its client's package is loaded when no client was handed in. */
export const pinecone: StoreKind<PineconeOptions, PineconeSettings, PineconeStore> = {
  options: pineconeOptions,
  reachedBy: ['apiKey', 'client'],
  open: async (settings, context) => {
    const exchanges = new PineconeExchanges(senderOf(settings))
    const client = settings.client ?? (await createClient(settings, exchanges))
    return opened(client, exchanges, settings, context)
  },
}

function opened(
  client: Pinecone,
  exchanges: PineconeExchanges,
  settings: PineconeSettings,
  context: StoreContext,
): OpenedStore<PineconeStore> {
  const store = new PineconeClientStore(client, exchanges, settings, context)
  const ping = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await store.run('describe index', (index) => index.describeIndexStats(), { deadlineMs })
  return {
    name: 'pinecone',
    store,
    isRequired: settings.required,
    reach: ping,
    firstAttempt: async () => undefined,
    ping,
    close: async () => undefined,
    destroy: () => undefined,
  }
}

async function createClient(
  { apiKey, controllerHostUrl }: PineconeSettings,
  exchanges: PineconeExchanges,
): Promise<Pinecone> {
  const { Pinecone: Client } = await import(
    /* webpackIgnore: true */ '@pinecone-database/pinecone'
  ).catch((cause: unknown) => {
    throw new FailureError(packageMissing('pinecone', '@pinecone-database/pinecone', cause))
  })
  // The client's own retries lose the status; the guard's do not.
  return new Client({
    // It remembers the address of an index by key and name, for all clients of the process.
    apiKey: typeof apiKey === 'string' ? apiKey : randomUUID(),
    maxRetries: 0,
    fetchApi: exchanges.fetch,
    ...(controllerHostUrl === undefined ? {} : { controllerHostUrl }),
  })
}

/** Sends requests with the key of the moment, over the TLS that the options describe. */
function senderOf({ apiKey, tls, deadlineMs }: PineconeSettings): typeof fetch {
  const send: typeof fetch = tls === undefined ? (input, init) => fetch(input, init) : tlsFetch(tls)
  if (typeof apiKey !== 'function') return send
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    const key = await readCredential(apiKey, { option: 'pinecone.apiKey', deadlineMs })
    headers.set('Api-Key', key)
    return send(input, { ...init, headers })
  }
}
