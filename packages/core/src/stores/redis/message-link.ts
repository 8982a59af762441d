import type { RedisClientType } from '@redis/client'
import { discardClient, isCluster } from './redis-client.ts'
import type { RedisStore } from './redis-store.ts'
import { answerWithin, Retries } from './retries.ts'

/** What a {@link MessageLink} tells. */
export interface MessageListeners {
  /** A message on a subscribed channel, in the order in which the server ran its commands. */
  readonly onMessage: (text: string, channel: string) => void
  /** The connection is lost: messages may have been missed. */
  readonly onLost: () => void
  /** Why there is no connection: once for each reason in a row. */
  readonly onError: (error: unknown) => void
}

const pauses = { firstMs: 250, longestMs: 10_000 }
/** A server that leaves a command unanswered for so long is connected to anew. */
const silentMs = 2_000

/**
 * A connection of its own for messages, in the order in which the server ran their commands: when
 * the reply to a command arrives on it, everything that was published before has arrived. In a
 * cluster it leads to the master of one slot.
 */
export class MessageLink {
  readonly #redis: RedisStore
  readonly #slotKey: string
  readonly #listeners: MessageListeners
  readonly #channels = new Set<string>()
  readonly #heard = new Set<string>()
  readonly #connected = Promise.withResolvers<void>()
  readonly #stopHearing: () => void
  readonly #retries = new Retries(pauses)
  #client: RedisClientType | undefined
  #isReady = false
  #isClosed = false
  #reason: string | undefined

  /** `slotKey` is a key in the slot. */
  constructor(redis: RedisStore, slotKey: string, listeners: MessageListeners) {
    this.#redis = redis
    this.#slotKey = slotKey
    this.#listeners = listeners
    this.#stopHearing = redis.onTrustLost(() => {
      this.#leaveOldServer()
    })
    this.#open()
  }

  /** Whether commands can be run and messages arrive. */
  get isUp(): boolean {
    return this.#isReady && this.#client?.isReady === true
  }

  /** Resolves once it has been up. */
  get connected(): Promise<void> {
    return this.#connected.promise
  }

  /**
   * Runs a command; `undefined` when it fails, and the connection is made anew then: a reply that
   * is late or lost says nothing about what was seen before it.
   */
  async run<T>(command: (client: RedisClientType) => Promise<T>): Promise<T | undefined> {
    const client = this.#client
    if (client === undefined || !this.isUp) return undefined
    try {
      return await answerWithin(silentMs, command(client))
    } catch (error) {
      this.#lose(client, error)
      return undefined
    }
  }

  /**
   * Subscribes to a channel, now and whenever the connection is made anew. Resolves with whether
   * every message on it arrives from now on, until the connection is lost.
   */
  async subscribe(channel: string): Promise<boolean> {
    this.#channels.add(channel)
    if (this.isUp && !this.#heard.has(channel))
      await this.run((client) => this.#listenTo(client, channel))
    return this.isUp && this.#heard.has(channel)
  }

  /** Closes the connection; one that is being made is closed as soon as it is. */
  close(): void {
    this.#isClosed = true
    this.#stopHearing()
    if (this.#client !== undefined) this.#lose(this.#client)
  }

  async #listenTo(client: RedisClientType, channel: string): Promise<void> {
    await client.subscribe(channel, (text) => {
      if (client === this.#client) this.#listeners.onMessage(text, channel)
    })
    if (client === this.#client) this.#heard.add(channel)
  }

  #open(): void {
    if (this.#isClosed) return
    this.#connect().catch((error: unknown) => {
      // An outage of the store is told elsewhere.
      if (this.#redis.isAvailable) this.#report(error)
      this.#openLater()
    })
  }

  #openLater(): void {
    if (this.#isClosed) return
    this.#retries.later(() => {
      this.#open()
    })
  }

  async #connect(): Promise<void> {
    const { source, database } = await answerWithin(silentMs, this.#server())
    if (this.#isClosed) return
    const client = source.duplicate({
      RESP: 3,
      disableOfflineQueue: true,
      database,
      // A socket that is replaced would have no subscriptions, and nobody would be told.
      maintNotifications: 'disabled',
      // It is made anew instead, with what has to be dropped then.
      socket: { ...source.options.socket, reconnectStrategy: false },
    } as never) as unknown as RedisClientType
    this.#client = client
    const lose = (error?: unknown): void => {
      this.#lose(client, error)
    }
    for (const event of ['error', 'end', 'sharded-channel-moved']) client.on(event, lose)
    try {
      await answerWithin(Math.max(silentMs, connectTimeoutOf(client)), this.#greet(client))
    } catch (error) {
      this.#lose(client, error)
    }
    if (client !== this.#client) return
    // The store's own connection keeps the process alive.
    client.unref()
    this.#isReady = true
    this.#reason = undefined
    this.#retries.reset()
    this.#connected.resolve()
  }

  async #greet(client: RedisClientType): Promise<void> {
    await client.connect()
    await Promise.all([...this.#channels].map((channel) => this.#listenTo(client, channel)))
  }

  /** The server to connect to, and its database: a host may have selected one by a command. */
  async #server(): Promise<{ readonly source: RedisClientType; readonly database: number }> {
    const { client } = this.#redis
    if (!isCluster(client)) {
      const info: unknown = await client.sendCommand(['CLIENT', 'INFO'])
      return { source: client, database: Number(/ db=(\d+)/.exec(String(info))?.[1] ?? 0) }
    }
    const [first] = client.masters
    if (first === undefined) throw new Error('no master is known')
    const node = await client.nodeClient(first)
    const slot = Number(await node.sendCommand(['CLUSTER', 'KEYSLOT', this.#slotKey]))
    const { master } = client.slots[slot] as { readonly master: typeof first }
    return { source: await client.nodeClient(master), database: 0 }
  }

  /** A store that follows Sentinels has gone to another server; the old one still serves. */
  #leaveOldServer(): void {
    const { client: store } = this.#redis
    if (this.#client === undefined || isCluster(store)) return
    if (addressOf(this.#client) !== addressOf(store)) this.#lose(this.#client)
  }

  #lose(client: RedisClientType, error?: unknown): void {
    if (client !== this.#client) return
    const wasReady = this.#isReady
    this.#client = undefined
    this.#isReady = false
    this.#heard.clear()
    if (wasReady) this.#listeners.onLost()
    if (error !== undefined) this.#report(error)
    this.#openLater()
    discardClient(client)
  }

  #report(error: unknown): void {
    const reason = String(error)
    if (reason !== this.#reason && !this.#isClosed) this.#listeners.onError(error)
    this.#reason = reason
  }
}

function addressOf({ options }: RedisClientType): string {
  const { host, port } = Object(options.socket) as {
    readonly host?: string
    readonly port?: number
  }
  return `${host ?? ''}:${port ?? ''}`
}

/** A function may be asked for the password within it. */
function connectTimeoutOf({ options }: RedisClientType): number {
  return options.socket?.connectTimeout ?? 0
}
