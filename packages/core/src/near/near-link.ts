import type { RedisClientType } from '@redis/client'
import { within } from '../resilience/within.ts'
import { discardClient, isCluster } from '../stores/redis/redis-client.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'

/** What a {@link NearLink} tells. */
export interface NearLinkListeners {
  /** A message on a subscribed channel, in the order in which the server ran its commands. */
  readonly onMessage: (text: string, channel: string) => void
  /** The connection is lost: messages may have been missed. */
  readonly onLost: () => void
}

const retryMs = 250
/** A server that leaves a renewal unanswered for so long is connected to anew. */
const silentMs = 2_000

/**
 * A connection of its own on which messages and the replies to renewals arrive, so that a renewal
 * is accepted only after everything that was published before it has been seen. In a cluster it
 * leads to the master of the hashes.
 */
export class NearLink {
  readonly #redis: RedisStore
  readonly #slotKey: string
  readonly #listeners: NearLinkListeners
  readonly #channels = new Set<string>()
  #client: RedisClientType | undefined
  #isReady = false
  #isClosed = false
  #opening: Promise<void> | undefined

  /** `slotKey` is a key in the slot of the hashes. */
  constructor(redis: RedisStore, slotKey: string, listeners: NearLinkListeners) {
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
    const failed = (): undefined => {
      this.#lose(client)
    }
    return within(command(client).catch(failed), silentMs, failed)
  }

  /** Subscribes to a channel, now and whenever the connection is made anew. */
  async subscribe(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return
    this.#channels.add(channel)
    await this.run((client) => this.#listenTo(client, channel))
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening
    if (this.#client !== undefined) this.#lose(this.#client)
  }

  #listenTo(client: RedisClientType, channel: string): Promise<void> {
    return client.subscribe(channel, (text) => {
      if (client === this.#client) this.#listeners.onMessage(text, channel)
    })
  }

  #open(): void {
    if (this.#isClosed) return
    this.#opening = this.#connect().catch(() => {
      if (this.#client !== undefined) this.#lose(this.#client)
      else this.#openLater()
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
    const client = source.duplicate({
      RESP: 3,
      disableOfflineQueue: true,
      // It is made anew instead, with what has to be dropped then.
      socket: { ...source.options.socket, reconnectStrategy: false },
    } as never) as unknown as RedisClientType
    this.#client = client
    const lose = (): void => {
      this.#lose(client)
    }
    for (const event of ['error', 'end', 'sharded-channel-moved']) client.on(event, lose)
    await client.connect()
    await Promise.all([...this.#channels].map((channel) => this.#listenTo(client, channel)))
    this.#isReady = client === this.#client
  }

  async #server(): Promise<RedisClientType> {
    const { client } = this.#redis
    if (!isCluster(client)) return client
    const [first] = client.masters
    if (first === undefined) throw new Error('no master is known')
    const node = await client.nodeClient(first)
    const slot = Number(await node.sendCommand(['CLUSTER', 'KEYSLOT', this.#slotKey]))
    const { master } = client.slots[slot] as { readonly master: typeof first }
    return client.nodeClient(master) as Promise<RedisClientType>
  }

  #lose(client: RedisClientType): void {
    if (client !== this.#client) return
    const wasReady = this.#isReady
    this.#client = undefined
    this.#isReady = false
    discardClient(client)
    if (wasReady) this.#listeners.onLost()
    this.#openLater()
  }
}
