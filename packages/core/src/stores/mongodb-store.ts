import type { Db, MongoClient } from 'mongodb'
import type { StoreError } from '../errors.ts'
import { createGuard, type Guard, type GuardedCallOptions } from '../resilience/guard.ts'
import type { ResultAsync } from '../result.ts'
import { mongodbComplaint } from './mongodb-failure.ts'
import type { StoreBase } from './open-stores.ts'
import type { MongodbSettings } from './settings.ts'
import type { MongodbStore } from './stores.ts'

const connectTimeoutMs = 2_000
/** How long a socket may be silent while it owes an answer, for operations that are not handed the signal. */
const socketTimeoutMs = 60_000

/**
 * MongoDB over the official driver, opened here or handed in.
 */
export class MongodbDriverStore implements MongodbStore {
  readonly client: MongoClient
  readonly #database: Db
  readonly #guard: Guard
  readonly #isOwn: boolean

  constructor(client: MongoClient, settings: MongodbSettings, { clock, diagnostics }: StoreBase) {
    this.client = client
    this.#isOwn = settings.client === undefined
    this.#database = client.db(settings.database)
    this.#guard = createGuard({ store: 'mongodb', clock, diagnostics, classify: mongodbComplaint, deadlineMs: settings.deadlineMs, maxConcurrent: settings.maxConnections })
    if (this.#isOwn) client.on('error', (error) => { diagnostics.emit('store:error', { store: 'mongodb', error }) })
  }

  run<T>(operation: string, use: (database: Db, signal: AbortSignal) => Promise<T>, options?: GuardedCallOptions): ResultAsync<T, StoreError> {
    return this.#guard.run(operation, (signal) => use(this.#database, signal), options)
  }

  /**
   * Closes the client, unless it was handed in.
   */
  async close(): Promise<void> {
    if (this.#isOwn) await this.client.close()
  }
}

/**
 * Makes the store. Loads the driver when no client was handed in; rejects when it is not installed. Nothing is connected before the first
 * operation.
 */
export async function openMongodb(settings: MongodbSettings, base: StoreBase): Promise<MongodbDriverStore> {
  return new MongodbDriverStore(settings.client ?? await createClient(settings), settings, base)
}

async function createClient({ url = '', deadlineMs, maxConnections }: MongodbSettings): Promise<MongoClient> {
  const { MongoClient: Client } = await import('mongodb')
  return new Client(url, {
    appName: 'headwater',
    serverSelectionTimeoutMS: deadlineMs,
    waitQueueTimeoutMS: deadlineMs,
    connectTimeoutMS: connectTimeoutMs,
    socketTimeoutMS: socketTimeoutMs,
    maxPoolSize: maxConnections,
  })
}
