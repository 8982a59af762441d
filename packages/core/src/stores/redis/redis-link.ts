import { startTimer } from '../../resilience/timer.ts'
import { listenTo } from './client-events.ts'
import type { LinkMoment, RedisLinkListeners } from './link-listeners.ts'
import { LinkMoments } from './link-moments.ts'
import { createRedisClient, discardClient, isCluster } from './redis-client.ts'
import { connectReason, isDenied, noAnswer, replyCode, silence } from './redis-failure.ts'
import type { RedisSettings } from './redis-options.ts'
import { readServer, readServerLater, type RedisServer } from './redis-server.ts'
import type { RedisConnection } from './redis-store.ts'
import { type SentinelWatch, watchSentinels } from './sentinel-watch.ts'

/** Pause before a server is asked again that did not say which it is. */
const retryVerifyMs = 500
/** The longest pause before a replica is asked again whether it has been promoted. */
const longestRefusalMs = 5_000

/**
 * The connection to Redis: down → connecting → up. It is up only once the server said on it that it
 * is a primary, and which; a cluster that loses a node stays up, with its servers unknown until all
 * have been asked again. A client of our own that hangs is thrown away and replaced by a new one,
 * and so is one of a server that Sentinels no longer name; one that was handed in is only watched.
 */
export class RedisLink {
  readonly #settings: RedisSettings
  readonly #listeners: RedisLinkListeners
  readonly #isOwn: boolean
  readonly #sentinels: SentinelWatch | undefined
  readonly #moments = new LinkMoments()
  #client: RedisConnection
  #stopListening: () => void = () => undefined
  #isUp = false
  #isClosed = false
  #runId: string | undefined
  #lastRunId: string | undefined
  #reason: string | undefined
  #cancelWatchdog: () => void = () => undefined
  #cancelRecheck: () => void = () => undefined
  #attempt = 0
  #refusals = 0
  #hasServed = false

  constructor(settings: RedisSettings, listeners: RedisLinkListeners) {
    this.#settings = settings
    this.#listeners = listeners
    this.#isOwn = settings.client === undefined
    this.#sentinels = watchSentinels(settings, {
      onPrimary: () => {
        this.#follow()
      },
      onUnknown: (reason) => {
        this.#fail(reason)
      },
      onError: listeners.onError,
    })
    // Modules add to the client's own commands and change none of them.
    const handedIn = settings.client as RedisConnection | undefined
    this.#client = handedIn ?? createRedisClient(settings)
    this.#listen()
    if (this.#isOwn) this.#open()
    else if (this.#client.isReady) this.#verify()
  }

  get client(): RedisConnection {
    return this.#client
  }

  /** Whether commands can be served. */
  get isUp(): boolean {
    return this.#isUp && this.#client.isReady
  }

  /** Why commands cannot be served: the last error of the connection, in words. */
  get reason(): string {
    const reason = this.#reason ?? noAnswer
    return reason === noAnswer && this.#hasServed ? silence : reason
  }

  /** Whether the server has refused the credentials. */
  get isDenied(): boolean {
    return this.#moments.isDenied
  }

  /** Names the connected server and its term as a primary; `undefined` while that is not known. */
  get runId(): string | undefined {
    return this.isUp ? this.#runId : undefined
  }

  whenUp(until: LinkMoment): Promise<void> {
    return this.isUp ? Promise.resolve() : this.#moments.wait(until)
  }

  /**
   * Throws the connection away and makes a new one, unless that is happening already; does nothing
   * to a client that was handed in.
   */
  replace(): void {
    if (this.#isUp) this.#renew()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    // A client that is still connecting has nothing to drain, and `close` would leave its attempt
    // running.
    if (this.#isOwn && this.#client.isReady) await this.#client.close()
    this.destroy()
  }

  destroy(): void {
    this.#isClosed = true
    this.#isUp = false
    this.#cancelWatchdog()
    this.#cancelRecheck()
    this.#stopListening()
    this.#sentinels?.close()
    if (this.#isOwn) discardClient(this.#client)
  }

  #renew(): void {
    if (!this.#isOwn || this.#isClosed) return
    // Those who hear that trust is lost find the new client.
    const isReplaced = this.#replaceClient()
    this.#goDown()
    this.#isUp = false
    if (isReplaced) this.#open()
    else this.#watch(this.#settings.connectTimeoutMs)
  }

  #replaceClient(): boolean {
    try {
      const next = createRedisClient(this.#settings, this.#sentinels?.primary)
      this.#stopListening()
      discardClient(this.#client)
      this.#client = next
      this.#listen()
      return true
    } catch (error) {
      // Timers come here, where it would end the process. The old client stays.
      this.#onError(error)
      return false
    }
  }

  /** The Sentinels name another primary, or the first one. */
  #follow(): void {
    const isLost = this.#hasServed && !this.#isUp
    this.#reason = 'the primary that the Sentinels name is being connected to'
    if (this.#client.isOpen || this.#isClosed) this.#renew()
    else if (this.#replaceClient()) this.#open()
    else this.#watch(this.#settings.connectTimeoutMs)
    if (isLost) this.#listeners.onDown()
  }

  #open(): void {
    // Until Sentinels have named the primary there is no address.
    if (this.#sentinels !== undefined && this.#sentinels.primary === undefined) return
    // A cluster's client gives up when none of its root nodes answers, and waits for ever when one
    // of its masters does not.
    if (this.#settings.rootNodes !== undefined)
      this.#watch(this.#settings.connectTimeoutMs * (this.#settings.rootNodes.length + 1))
    this.#client.connect().catch((error: unknown) => {
      this.#onError(error)
    })
  }

  #listen(): void {
    this.#stopListening = listenTo(this.#client, this.#isOwn, {
      onSocket: () => {
        this.#watch(this.#settings.connectTimeoutMs)
      },
      onReady: () => {
        this.#verify()
        // A node that has come to a cluster may be a promoted replica, and it answers at once.
        if (this.#isUp && isCluster(this.#client)) this.#listeners.onDown()
      },
      onLost: () => {
        this.#goDown()
      },
      onError: (error) => {
        this.#onError(error)
      },
    })
  }

  /**
   * A server that accepts connections and then says nothing would leave the client in its handshake
   * for ever.
   */
  #watch(ms: number): void {
    this.#cancelWatchdog()
    if (this.#isOwn && !this.#isClosed)
      this.#cancelWatchdog = startTimer(ms, () => {
        this.#renew()
      })
  }

  #verify(): void {
    this.#attempt += 1
    const attempt = this.#attempt
    if (isCluster(this.#client)) this.#runId = undefined
    else this.#watch(this.#settings.connectTimeoutMs)
    // A server that Sentinels have replaced still says that it is a primary.
    readServer(this.#client, this.#sentinels?.asked()).then(
      (server) => {
        if (attempt === this.#attempt) this.#accept(server)
      },
      (error: unknown) => {
        if (attempt !== this.#attempt) return
        this.#onError(error)
        // A server that refuses INFO serves, but its entries cannot be trusted across a restart.
        if (replyCode(error) === 'NOPERM') this.#goUp(undefined)
        else this.#verifyIn(retryVerifyMs)
      },
    )
  }

  #verifyIn(ms: number): void {
    const attempt = this.#attempt
    setTimeout(() => {
      if (attempt === this.#attempt && !this.#isClosed && this.#client.isReady) this.#verify()
    }, ms).unref()
  }

  /** Looks again, for a server that is demoted or promoted while its connections stay. */
  #recheckLater(): void {
    const attempt = this.#attempt
    this.#cancelRecheck()
    this.#cancelRecheck = readServerLater(this.#client, {
      isWanted: () => attempt === this.#attempt && this.isUp && !this.#isClosed,
      onRead: (server) => {
        this.#accept(server)
      },
    })
  }

  #accept({ id, refusal }: RedisServer): void {
    if (refusal !== undefined) this.#refuse(refusal)
    else if (!this.isUp || id !== this.#runId) this.#goUp(id)
    else this.#recheckLater()
  }

  /** Asks again, and less and less often: a replica may be promoted, or its address may move. */
  #refuse(reason: string): void {
    this.#goDown()
    this.#isUp = false
    this.#cancelWatchdog()
    this.#fail(reason)
    const pauseMs = Math.min(longestRefusalMs, retryVerifyMs * 2 ** this.#refusals)
    this.#refusals += 1
    if (!this.#isOwn) {
      this.#verifyIn(pauseMs)
      return
    }
    const attempt = this.#attempt
    setTimeout(() => {
      if (attempt === this.#attempt) this.#renew()
    }, pauseMs).unref()
  }

  #goUp(runId: string | undefined): void {
    if (this.#isClosed) return
    this.#cancelWatchdog()
    if (this.#lastRunId !== undefined && this.#lastRunId !== runId) this.#listeners.onDown()
    this.#runId = runId
    this.#lastRunId = runId
    this.#isUp = true
    this.#hasServed = true
    this.#reason = undefined
    this.#refusals = 0
    this.#listeners.onUp()
    this.#recheckLater()
    this.#moments.up()
  }

  #goDown(): void {
    this.#attempt += 1
    if (!isCluster(this.#client)) this.#cancelWatchdog()
    const wasUp = this.#isUp
    // One node of a cluster may be gone while the others serve; which servers serve is unknown
    // until they are asked again.
    const isPartial = wasUp && isCluster(this.#client)
    this.#isUp = isPartial
    this.#runId = undefined
    if (wasUp) this.#listeners.onDown()
    this.#sentinels?.look()
    if (isPartial) this.#verifyIn(retryVerifyMs)
    this.#moments.tried()
  }

  #fail(reason: string): void {
    this.#onError(new Error(`Redis: ${reason}`))
    this.#reason = reason
  }

  #onError(error: unknown): void {
    this.#reason = connectReason(error)
    this.#listeners.onError(error)
    this.#moments.failed({ isDenied: isDenied(error) })
  }
}
