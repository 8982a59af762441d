import type { Db, MongoClient } from 'mongodb'
import { NotConnected } from '../../resilience/not-connected.ts'
import { saysPasswordRefused, saysTopologyClosed } from './mongodb-failure.ts'

/** Makes clients, each with the password of the moment. */
export interface MongodbClientSource {
  /** The password of the moment. */
  password(): Promise<string>
  /** A client with this password, not yet connected. */
  client(password: string): MongoClient
}

/** How the clients of a store follow its password. */
export interface MongodbRenewal {
  readonly source: MongodbClientSource
  /** The password of the first client; where it is not known yet, nothing is sent over that one. */
  readonly password: string | undefined
}

/** A call on the database of a client. */
type MongodbCall<T> = (database: Db, client: MongoClient) => Promise<T>

/** A client and what is under way on it. */
interface Used {
  readonly client: MongoClient
  readonly database: Db
  running: number
}

/**
 * The client of a store whose password may change. The driver never changes the password of a
 * client: when the server refuses it and the source has another, another client takes its place,
 * and the call that was refused is made again. A connection whose password is refused has sent
 * nothing; commands that the call sent before, over another connection, are sent again. The former
 * client is closed when its last call has ended.
 */
export class MongodbClients {
  readonly #source: MongodbClientSource | undefined
  readonly #open: (client: MongoClient) => Db
  #used: Used
  readonly #replaced = new Set<Used>()
  #password: string | undefined
  #renewal: Promise<boolean> | undefined
  #isClosed = false

  /** `open` gets each client, the first one included, and returns the database of the calls. */
  constructor(first: MongoClient, open: (client: MongoClient) => Db, renewal?: MongodbRenewal) {
    this.#source = renewal?.source
    this.#password = renewal?.password
    this.#open = open
    this.#used = this.#usedFrom(first)
  }

  /** The client in use. */
  get current(): MongoClient {
    return this.#used.client
  }

  /**
   * Runs a call on the client in use, once its password is known. Runs it on the next one too where
   * this one's password is refused, or where it was replaced and has given up, unless `signal` has
   * given the call up.
   */
  async run<T>(call: MongodbCall<T>, signal: AbortSignal): Promise<T> {
    if (this.#isPasswordAwaited()) await this.#withPassword(signal)
    const used = this.#used
    try {
      return await this.#runOn(used, call)
    } catch (error) {
      const isNext = await this.#isReplaced(used, error)
      if (!isNext || signal.aborted) throw error
      return this.#runOn(this.#used, call)
    }
  }

  /** Closes the client in use, and former ones under their last calls. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([this.#used, ...this.#replaced].map(({ client }) => client.close()))
  }

  #usedFrom(client: MongoClient): Used {
    return { client, database: this.#open(client), running: 0 }
  }

  async #runOn<T>(used: Used, call: MongodbCall<T>): Promise<T> {
    used.running += 1
    try {
      return await call(used.database, used.client)
    } finally {
      used.running -= 1
      this.#closeReplaced(used)
    }
  }

  #isPasswordAwaited(): boolean {
    return this.#source !== undefined && this.#password === undefined
  }

  /** Puts a client in use that has the password. */
  async #withPassword(signal: AbortSignal): Promise<void> {
    if (!(await this.#renewed())) throw new NotConnected('the client is closed')
    signal.throwIfAborted()
  }

  /** Whether another client can do what failed on this one. */
  async #isReplaced(used: Used, error: unknown): Promise<boolean> {
    if (this.#isClosed) return false
    const isFormer = used !== this.#used
    if (saysTopologyClosed(error)) return isFormer
    return saysPasswordRefused(error) && (isFormer || (await this.#renewed()))
  }

  #renewed(): Promise<boolean> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined
    })
    return this.#renewal
  }

  async #renew(): Promise<boolean> {
    const source = this.#source
    if (source === undefined) return false
    const password = await source.password()
    if (password === this.#password || this.#isClosed) return false
    const former = this.#used
    this.#password = password
    this.#used = this.#usedFrom(source.client(password))
    this.#replaced.add(former)
    // The servers that it no longer sees may well be there.
    for (const event of topologyEvents) former.client.removeAllListeners(event)
    this.#closeReplaced(former)
    return true
  }

  #closeReplaced(used: Used): void {
    if (used.running > 0 || !this.#replaced.delete(used)) return
    // Its connections are refused or idle, and nobody is left who could act on an error.
    void used.client.close().catch(() => undefined)
  }
}

const topologyEvents = ['topologyDescriptionChanged', 'topologyClosed'] as const
