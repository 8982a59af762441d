import type { RedisClientType } from '@redis/client'
import { createSentinelClient, discardClient } from './redis-client.ts'
import { connectReason, replyCode } from './redis-failure.ts'
import type { RedisSettings } from './redis-options.ts'
import { answerWithin, Retries } from './retries.ts'
import type { ServerAddress } from './server-address.ts'

/** What one Sentinel knows. */
export type SentinelAnswer =
  | {
      readonly type: 'primary'
      readonly address: ServerAddress
      /** Counts the failovers that were agreed on: of two answers the higher one is right. */
      readonly epoch: number
    }
  | { readonly type: 'unknown-name' }
  | { readonly type: 'no-answer'; readonly reason: string }

/** What a {@link SentinelLink} tells. */
export interface SentinelListeners {
  /** A connection is up: what was said before it was not heard. */
  readonly onUp: () => void
  /** The Sentinel says that the primary is another server now. */
  readonly onSwitch: (from: ServerAddress, to: ServerAddress) => void
  /** Why there is no connection: once for each reason in a row. */
  readonly onError: (reason: string) => void
}

/** Where a Sentinel says that a primary has changed. */
const switchChannel = '+switch-master'
/** A Sentinel that leaves a command unanswered for so long is connected to anew. */
const silentMs = 1_500
const pauses = { firstMs: 100, longestMs: 2_000 }

/** The connection to one Sentinel, made anew for as long as it is lost. */
export class SentinelLink {
  readonly #sentinel: ServerAddress
  readonly #settings: RedisSettings
  readonly #listeners: SentinelListeners
  readonly #retries = new Retries(pauses)
  #client: RedisClientType | undefined
  #opening: Promise<void> = Promise.resolve()
  #isReady = false
  #isClosed = false
  #reason = 'no answer yet'
  #reported: string | undefined

  constructor(sentinel: ServerAddress, settings: RedisSettings, listeners: SentinelListeners) {
    this.#sentinel = sentinel
    this.#settings = settings
    this.#listeners = listeners
    this.#open()
  }

  /**
   * Asks which server is the primary, after an attempt to connect that is under way. One round
   * trip. Never rejects.
   */
  async ask(): Promise<SentinelAnswer> {
    await this.#opening
    const client = this.#client
    if (client === undefined || !this.#isReady) return { type: 'no-answer', reason: this.#reason }
    try {
      return await answerWithin(silentMs, this.#primaryOf(client))
    } catch (error) {
      // Without a code: the connection is lost or silent.
      if (replyCode(error) === undefined) this.#lose(client, error)
      else this.#report(connectReason(error))
      return { type: 'no-answer', reason: this.#reason }
    }
  }

  /** Closes the connection; one that is being made is closed as soon as it is. */
  close(): void {
    this.#isClosed = true
    if (this.#client !== undefined) this.#lose(this.#client)
  }

  #open(): void {
    if (this.#isClosed) return
    const client = createSentinelClient(this.#settings, this.#sentinel)
    this.#client = client
    const lose = (error?: unknown): void => {
      this.#lose(client, error)
    }
    for (const event of ['error', 'end']) client.on(event, lose)
    const greetMs = Math.max(silentMs, this.#settings.connectTimeoutMs)
    this.#opening = answerWithin(greetMs, this.#greet(client)).then(() => {
      if (client !== this.#client) return
      this.#isReady = true
      this.#reported = undefined
      this.#retries.reset()
      this.#listeners.onUp()
    }, lose)
  }

  async #greet(client: RedisClientType): Promise<void> {
    await client.connect()
    await client.subscribe(switchChannel, (text) => {
      const [name, fromHost = '', fromPort, toHost = '', toPort] = text.split(' ')
      if (client !== this.#client || name !== this.#settings.name) return
      this.#listeners.onSwitch(
        { host: fromHost, port: Number(fromPort) },
        { host: toHost, port: Number(toPort) },
      )
    })
  }

  async #primaryOf(client: RedisClientType): Promise<SentinelAnswer> {
    const { name = '' } = this.#settings
    const [address, primary] = await Promise.all([
      client.sendCommand<readonly [string, string] | null>([
        'SENTINEL',
        'GET-MASTER-ADDR-BY-NAME',
        name,
      ]),
      // Fails where the name is unknown, which the other reply tells already.
      client.sendCommand<object>(['SENTINEL', 'MASTER', name]).catch(() => ({})),
    ])
    if (address === null) return { type: 'unknown-name' }
    return {
      type: 'primary',
      address: { host: address[0], port: Number(address[1]) },
      epoch: Number(Reflect.get(primary, 'config-epoch') ?? 0),
    }
  }

  #lose(client: RedisClientType, error?: unknown): void {
    if (client !== this.#client) return
    this.#client = undefined
    this.#isReady = false
    if (error !== undefined) this.#report(connectReason(error))
    discardClient(client)
    if (this.#isClosed) return
    this.#retries.later(() => {
      this.#open()
    })
  }

  #report(reason: string): void {
    const { host, port } = this.#sentinel
    this.#reason = `${host}:${port}: ${reason}`
    if (this.#reason !== this.#reported && !this.#isClosed) this.#listeners.onError(this.#reason)
    this.#reported = this.#reason
  }
}
