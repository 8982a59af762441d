import type { Db, MongoClient, TopologyDescriptionChangedEvent } from 'mongodb'
import type { Diagnostics } from '../../diagnostics.ts'
import type { StoreError } from '../../errors.ts'
import { createGuard, type Guard, type GuardedCallOptions } from '../../resilience/guard.ts'
import type { ResultAsync } from '../../result.ts'
import { MongodbClients, type MongodbRenewal } from './mongodb-clients.ts'
import { mongodbComplaint, saysTopologyClosed, unreachedBecause } from './mongodb-failure.ts'
import { withCause } from '../../failure/with-cause.ts'
import { quietError } from '../quiet-error.ts'
import type { StoreContext } from '../store-kind.ts'
import type { MongodbSettings } from './mongodb-options.ts'
import type { MongodbStore } from './mongodb-store.ts'

/** MongoDB over the official driver, opened here or handed in. */
export class MongodbDriverStore implements MongodbStore {
  readonly #clients: MongodbClients
  readonly #diagnostics: Diagnostics
  readonly #guard: Guard
  readonly #isOwn: boolean
  #isReachable = true
  #closings = 0
  #isClosed = false
  #unreachedBecause = 'no server can be reached'

  constructor(
    client: MongoClient,
    settings: MongodbSettings,
    { clock, diagnostics }: StoreContext,
    renewal?: MongodbRenewal,
  ) {
    this.#diagnostics = diagnostics
    this.#isOwn = settings.client === undefined
    this.#guard = createGuard({
      store: 'mongodb',
      clock,
      diagnostics,
      classify: mongodbComplaint,
      deadlineMs: settings.deadlineMs,
      maxConcurrent: settings.maxConnections,
    })
    const open = (each: MongoClient): Db => {
      this.#listenTo(each)
      return each.db(settings.database)
    }
    this.#clients = new MongodbClients(client, open, renewal)
  }

  get client(): MongoClient {
    return this.#clients.current
  }

  run<T>(
    operation: string,
    use: (database: Db, signal: AbortSignal) => Promise<T>,
    options?: GuardedCallOptions,
  ): ResultAsync<T, StoreError> {
    const wasReachable = this.#isReachable
    return this.#guard
      .run(
        operation,
        (signal) =>
          this.#clients.run(
            (database, client) => this.#call(client, () => use(database, signal), signal),
            signal,
          ),
        options,
      )
      .mapErr((failure) => (wasReachable ? failure : this.#explained(failure)))
  }

  /** Closes the client, unless it was handed in. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.client.off('topologyDescriptionChanged', this.#onTopology)
    this.client.off('topologyClosed', this.#onClosed)
    if (this.#isOwn) await this.#clients.close()
  }

  #listenTo(client: MongoClient): void {
    client.on('topologyDescriptionChanged', this.#onTopology)
    client.on('topologyClosed', this.#onClosed)
    if (this.#isOwn)
      client.on('error', (error) => {
        this.#diagnostics.emit('store:error', { store: 'mongodb', error: quietError(error) })
      })
  }

  /**
   * A client that found no server when it connected by itself has closed its topology, and sends
   * nothing any more until it is told to connect. One that was closed refuses in other words, and
   * stays as it is; so does an operation whose client is closed meanwhile. One that was replaced is
   * left for the next one.
   */
  async #call<T>(client: MongoClient, use: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const closings = this.#closings
    try {
      return await use()
    } catch (error) {
      const hadGivenUp = saysTopologyClosed(error) && this.#closings === closings
      const isCurrent = client === this.client
      if (!hadGivenUp || !isCurrent || this.#isClosed || signal.aborted) throw error
      await this.#connect(client)
      signal.throwIfAborted()
      return use()
    }
  }

  async #connect(client: MongoClient): Promise<void> {
    await client.connect()
    // The driver opens a client again that was closed while it looked up its servers.
    if (this.#isClosed && this.#isOwn) await this.#clients.close()
  }

  /** An operation that waited for a server until its deadline was never sent. */
  #explained(failure: StoreError): StoreError {
    if (failure.type !== 'deadline-exceeded' || this.#isReachable) return failure
    const { store, operation } = failure
    const unreachable: StoreError = {
      type: 'store-unavailable',
      store,
      operation,
      message: `mongodb is not available for \`${operation}\`: ${this.#unreachedBecause}`,
      retryable: true,
    }
    return withCause(unreachable, failure)
  }

  readonly #onTopology = ({ newDescription }: TopologyDescriptionChangedEvent): void => {
    const servers = [...newDescription.servers.values()]
    this.#isReachable = servers.some((server) => server.type !== 'Unknown')
    const { error } = servers.find((server) => server.error !== null) ?? {}
    if (error) this.#unreachedBecause = unreachedBecause(error)
  }

  readonly #onClosed = (): void => {
    this.#closings += 1
  }
}
