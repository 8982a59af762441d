import type { Db, MongoClient } from 'mongodb'

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
  /** The password of the first client. */
  readonly password: string
}

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
   * Runs a call on the client in use; on the next one too where this one's password is refused, and
   * `signal` has not given the call up.
   */
  async run<T>(call: (database: Db) => Promise<T>, signal: AbortSignal): Promise<T> {
    const used = this.#used
    try {
      return await this.#runOn(used, call)
    } catch (error) {
      const isNext = isPasswordRefused(error) && (await this.#isRenewed(used))
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

  async #runOn<T>(used: Used, call: (database: Db) => Promise<T>): Promise<T> {
    used.running += 1
    try {
      return await call(used.database)
    } finally {
      used.running -= 1
      this.#closeReplaced(used)
    }
  }

  #isRenewed(refused: Used): Promise<boolean> {
    if (refused !== this.#used) return Promise.resolve(true)
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

const authenticationFailed = 18

function isPasswordRefused(error: unknown): boolean {
  return Reflect.get(Object(error) as object, 'code') === authenticationFailed
}
