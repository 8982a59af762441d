import type { Db, MongoClient, TopologyDescriptionChangedEvent } from 'mongodb'
import type { StoreError } from '../../errors.ts'
import { createGuard, type Guard, type GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'
import { mongodbComplaint } from './mongodb-failure.ts'
import type { StoreBase } from '../../connect/open-stores.ts'
import type { MongodbSettings } from '../../connect/settings.ts'
import type { MongodbStore } from './mongodb-store.ts'

const connectTimeoutMs = 2_000
/**
 * Longer than any deadline of a caller: when selection fails the driver throws its whole topology
 * away and begins anew, so that with a short one it might never get to connect.
 */
const serverSelectionTimeoutMs = 10_000
/**
 * How long a socket may be silent while it owes an answer, for operations that are not handed the
 * signal.
 */
const socketTimeoutMs = 60_000

/** MongoDB over the official driver, opened here or handed in. */
export class MongodbDriverStore implements MongodbStore {
  readonly client: MongoClient
  readonly #database: Db
  readonly #guard: Guard
  readonly #isOwn: boolean
  #isReachable = true

  constructor(client: MongoClient, settings: MongodbSettings, { clock, diagnostics }: StoreBase) {
    this.client = client
    this.#isOwn = settings.client === undefined
    this.#database = client.db(settings.database)
    this.#guard = createGuard({
      store: 'mongodb',
      clock,
      diagnostics,
      classify: mongodbComplaint,
      deadlineMs: settings.deadlineMs,
      maxConcurrent: settings.maxConnections,
    })
    client.on('topologyDescriptionChanged', this.#onTopology)
    if (this.#isOwn)
      client.on('error', (error) => {
        diagnostics.emit('store:error', { store: 'mongodb', error })
      })
  }

  run<T>(
    operation: string,
    use: (database: Db, signal: AbortSignal) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError> {
    const wasReachable = this.#isReachable
    return this.#guard
      .run(operation, (signal) => use(this.#database, signal), options)
      .mapErr((failure) => (wasReachable ? failure : this.#told(failure)))
  }

  /** Closes the client, unless it was handed in. */
  async close(): Promise<void> {
    this.client.off('topologyDescriptionChanged', this.#onTopology)
    if (this.#isOwn) await this.client.close()
  }

  /** An operation that waited for a server until its deadline was never sent. */
  #told(failure: StoreError): StoreError {
    if (failure.type !== 'deadline-exceeded' || this.#isReachable) return failure
    const { store, operation } = failure
    return {
      type: 'store-unavailable',
      store,
      operation,
      message: `mongodb is not available for \`${operation}\`: no server can be reached`,
      retryable: true,
      cause: failure,
    }
  }

  readonly #onTopology = ({ newDescription }: TopologyDescriptionChangedEvent): void => {
    this.#isReachable = [...newDescription.servers.values()].some(
      (server) => server.type !== 'Unknown',
    )
  }
}

/**
 * Makes the store. Loads the driver when no client was handed in; rejects when it is not installed.
 * Nothing is connected before the first operation.
 */
export async function openMongodb(
  settings: MongodbSettings,
  base: StoreBase,
): Promise<MongodbDriverStore> {
  return new MongodbDriverStore(settings.client ?? (await createClient(settings)), settings, base)
}

async function createClient({ url = '', maxConnections }: MongodbSettings): Promise<MongoClient> {
  const { MongoClient: Client } = await import('mongodb')
  return new Client(url, {
    appName: 'headwater',
    serverSelectionTimeoutMS: serverSelectionTimeoutMs,
    waitQueueTimeoutMS: serverSelectionTimeoutMs,
    connectTimeoutMS: connectTimeoutMs,
    socketTimeoutMS: socketTimeoutMs,
    maxPoolSize: maxConnections,
  })
}
