import type { MongoClient } from 'mongodb'
import type { StoreError } from '../../errors.ts'
import { FailureError } from '../../failure/failure-error.ts'
import { packageMissing } from '../../failure/package-missing.ts'
import type { Result } from '../../result.ts'
import { readCredential } from '../credential.ts'
import type { OpenedStore, StoreContext, StoreKind } from '../store-kind.ts'
import { accessOf, userOf } from './mongodb-access.ts'
import type { MongodbClientSource, MongodbRenewal } from './mongodb-clients.ts'
import { MongodbDriverStore } from './mongodb-driver-store.ts'
import { type MongodbOptions, mongodbOptions, type MongodbSettings } from './mongodb-options.ts'
import type { MongodbStore } from './mongodb-store.ts'

const connectTimeoutMs = 2_000
/**
 * Longer than any deadline of a caller: when selection fails the driver throws its whole topology
 * away and starts over, so that with a short one it might never get to connect.
 */
const serverSelectionTimeoutMs = 10_000
/** The longest silence of a socket that owes an answer, for operations without a signal. */
const socketTimeoutMs = 60_000
/** Time that the first attempt has when the store is optional. */
const firstAttemptMs = 1_000

/** MongoDB as a kind of store. Its driver is loaded when no client was handed in. */
export const mongodb: StoreKind<MongodbOptions, MongodbSettings, MongodbStore> = {
  options: mongodbOptions,
  reachedBy: ['url', 'client'],
  open: async (settings, context) => {
    if (settings.client !== undefined) return opened(settings.client, settings, context)
    const source = await clientSource(settings)
    const { password } = settings
    if (password === undefined) return opened(source.client(), settings, context)
    if (typeof password === 'string')
      return opened(source.client(password), settings, context, { source, password })
    // The function is asked by the first call: no other store shall wait for it.
    const client = source.client('unknown')
    return opened(client, settings, context, { source, password: undefined })
  },
}

function opened(
  client: MongoClient,
  settings: MongodbSettings,
  context: StoreContext,
  renewal?: MongodbRenewal,
): OpenedStore<MongodbStore> {
  const store = new MongodbDriverStore(client, settings, context, renewal)
  const ping = async (deadlineMs: number): Promise<Result<unknown, StoreError>> =>
    await store.run('ping', (database, signal) => database.command({ ping: 1 }, { signal }), {
      deadlineMs,
    })
  return {
    name: 'mongodb',
    store,
    isRequired: settings.required,
    reach: ping,
    firstAttempt: () => ping(firstAttemptMs),
    ping,
    close: () => store.close(),
    destroy: () => {
      void store.close().catch(() => undefined)
    },
  }
}

/** Clients of one URL. */
interface UrlSource extends MongodbClientSource {
  /** A client with this password, or with what the URL says. */
  client(password?: string): MongoClient
}

async function clientSource(settings: MongodbSettings): Promise<UrlSource> {
  const { password = '', deadlineMs } = settings
  const { MongoClient: Client } = await import(/* webpackIgnore: true */ 'mongodb').catch(
    (cause: unknown) => {
      throw new FailureError(packageMissing('mongodb', 'mongodb', cause))
    },
  )
  const { url, ...access } = accessOf(settings)
  return {
    password: () => readCredential(password, { option: 'mongodb.password', deadlineMs }),
    client: (word) =>
      new Client(url, {
        appName: 'headwater',
        serverSelectionTimeoutMS: serverSelectionTimeoutMs,
        waitQueueTimeoutMS: serverSelectionTimeoutMs,
        connectTimeoutMS: connectTimeoutMs,
        socketTimeoutMS: socketTimeoutMs,
        maxPoolSize: settings.maxConnections,
        ...access,
        ...(word === undefined ? {} : { auth: { username: userOf(url), password: word } }),
      }),
  }
}
