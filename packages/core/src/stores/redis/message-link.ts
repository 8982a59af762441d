import type { RedisClientType } from '@redis/client'
import { within } from '../../resilience/within.ts'
import { discardClient, isCluster } from './redis-client.ts'
import type { RedisStore } from './redis-store.ts'

/** What a {@link MessageLink} tells. */
export interface MessageListeners {
  /** A message on a subscribed channel, in the order in which the server ran its commands. */
  readonly onMessage: (text: string, channel: string) => void
  /** The connection is lost: messages may have been missed. */
  readonly onLost: () => void
  /** Why there is no connection: once for each reason in a row. */
  readonly onError: (error: unknown) => void
}

const retryMs = 250
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
  #client: RedisClientType | undefined
  #isReady = false
  #isClosed = false
  #opening: Promise<void> | undefined
  #reason: string | undefined

  /** `slotKey` is a key in the slot. */
  constructor(redis: RedisStore, slotKey: string, listeners: MessageListeners) {
    this.#redis = redis
    this.#slotKey = slotKey
    this.#listeners = listeners
    this.#open()
  }

  /** Whether commands can be run and messages arrive. */
  get isUp(): boolean {
    return this.#isReady && this.#client?.isReady === true
  }

  /**
   * Runs a command; `undefined` when it fails, and the connection is made anew then: a reply that
   * is late or lost says nothing about what was seen before it.
   */
  async run<T>(command: (client: RedisClientType) => Promise<T>): Promise<T | undefined> {
    const client = this.#client
    if (client === undefined || !this.isUp) return undefined
    const failed = (error?: unknown): undefined => {
      this.#lose(client, error ?? new Error(`Redis: no answer within ${silentMs} ms`))
    }
    return within(command(client).catch(failed), silentMs, failed)
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

  /** Closes the connection. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#client !== undefined) this.#lose(this.#client)
    await this.#opening
  }

  async #listenTo(client: RedisClientType, channel: string): Promise<void> {
    await client.subscribe(channel, (text) => {
      if (client === this.#client) this.#listeners.onMessage(text, channel)
    })
    if (client === this.#client) this.#heard.add(channel)
  }

  #open(): void {
    if (this.#isClosed) return
    this.#opening = this.#connect().catch((error: unknown) => {
      if (this.#client === undefined) this.#openLater()
      else this.#lose(this.#client, error)
    })
  }

  #openLater(): void {
    if (this.#isClosed) return
    setTimeout(
      () => {
        this.#open()
      },
      retryMs * (0.5 + Math.random()),
    ).unref()
  }

  async #connect(): Promise<void> {
    const source = await this.#server()
    if (this.#isClosed) return
    const client = source.duplicate({
      RESP: 3,
      disableOfflineQueue: true,
      // It is made anew instead, with what has to be dropped then.
      socket: { ...source.options.socket, reconnectStrategy: false },
    } as never) as unknown as RedisClientType
    this.#client = client
    const lose = (error?: unknown): void => {
      this.#lose(client, error)
    }
    for (const event of ['error', 'end', 'sharded-channel-moved']) client.on(event, lose)
    await client.connect()
    await Promise.all([...this.#channels].map((channel) => this.#listenTo(client, channel)))
    if (client !== this.#client) return
    this.#isReady = true
    this.#reason = undefined
  }

  async #server(): Promise<RedisClientType> {
    const { client } = this.#redis
    if (!isCluster(client)) return client
    const [first] = client.masters
    if (first === undefined) throw new Error('no master is known')
    const node = await client.nodeClient(first)
    const slot = Number(await node.sendCommand(['CLUSTER', 'KEYSLOT', this.#slotKey]))
    const { master } = client.slots[slot] as { readonly master: typeof first }
    return client.nodeClient(master)
  }

  #lose(client: RedisClientType, error?: unknown): void {
    if (client !== this.#client) return
    const wasReady = this.#isReady
    this.#client = undefined
    this.#isReady = false
    this.#heard.clear()
    discardClient(client)
    if (wasReady) this.#listeners.onLost()
    if (error !== undefined && !this.#isClosed) this.#report(error)
    this.#openLater()
  }

  #report(error: unknown): void {
    const reason = String(error)
    if (reason !== this.#reason) this.#listeners.onError(error)
    this.#reason = reason
  }
}
