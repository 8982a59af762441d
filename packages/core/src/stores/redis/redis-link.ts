import { startTimer } from '../../resilience/timer.ts'
import { listenTo } from './client-events.ts'
import type { LinkMoment, RedisLinkListeners } from './link-listeners.ts'
import { createRedisClient, discardClient, isCluster } from './redis-client.ts'
import { connectReason, isDenied, noAnswer, replyCode, silence } from './redis-failure.ts'
import type { RedisSettings } from './redis-options.ts'
import { readServer, type RedisServer } from './redis-server.ts'
import type { RedisConnection } from './redis-store.ts'

/** Pause before a server is asked again that did not say which it is. */
const retryVerifyMs = 500
/** The longest pause before a replica is asked again whether it has been promoted. */
const longestRefusalMs = 5_000
/** Pause between two looks whether the server is still the same primary. */
const recheckMs = 2_000

/**
 * The connection to Redis: down → connecting → up. It is up only once the server said on it that it
 * is a primary, and which; a cluster that loses a node stays up, with its servers unknown until all
 * have been asked again. A client of our own that hangs is thrown away and replaced by a new one;
 * one that was handed in is only watched.
 */
export class RedisLink {
  readonly #settings: RedisSettings
  readonly #listeners: RedisLinkListeners
  readonly #isOwn: boolean
  readonly #waiting = new Set<{
    readonly until: LinkMoment
    readonly resolve: () => void
  }>()
  #client: RedisConnection
  #stopListening: () => void = () => undefined
  #isUp = false
  #isClosed = false
  #hasTried = false
  #runId: string | undefined
  #lastRunId: string | undefined
  #reason: string | undefined
  #isDenied = false
  #cancelWatchdog: () => void = () => undefined
  #cancelRecheck: () => void = () => undefined
  #attempt = 0
  #refusals = 0
  #hasServed = false

  constructor(settings: RedisSettings, listeners: RedisLinkListeners) {
    this.#settings = settings
    this.#listeners = listeners
    this.#isOwn = settings.client === undefined
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
    return this.#isDenied
  }

  /** Names the connected server and its term as a primary; `undefined` while that is not known. */
  get runId(): string | undefined {
    return this.isUp ? this.#runId : undefined
  }

  whenUp(until: LinkMoment): Promise<void> {
    if (this.isUp || this.#isOver(until)) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.add({ until, resolve })
    })
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
    if (this.#isOwn) discardClient(this.#client)
  }

  #renew(): void {
    if (!this.#isOwn || this.#isClosed) return
    this.#goDown()
    this.#isUp = false
    try {
      const next = createRedisClient(this.#settings)
      this.#stopListening()
      discardClient(this.#client)
      this.#client = next
    } catch (error) {
      // Timers come here, where it would end the process.
      this.#onError(error)
      this.#watch(this.#settings.connectTimeoutMs)
      return
    }
    this.#listen()
    this.#open()
  }

  #open(): void {
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
    readServer(this.#client).then(
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
    const timer = setTimeout(() => {
      const isCurrent = (): boolean => attempt === this.#attempt && this.isUp && !this.#isClosed
      if (!isCurrent()) return
      readServer(this.#client).then(
        (server) => {
          if (isCurrent()) this.#accept(server)
        },
        () => {
          if (isCurrent()) this.#recheckLater()
        },
      )
    }, recheckMs).unref()
    this.#cancelRecheck = () => {
      clearTimeout(timer)
    }
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
    this.#onError(new Error(`Redis: ${reason}`))
    this.#reason = reason
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
    this.#isDenied = false
    this.#refusals = 0
    this.#listeners.onUp()
    this.#recheckLater()
    this.#wake(() => true)
  }

  #goDown(): void {
    this.#attempt += 1
    this.#hasTried = true
    if (!isCluster(this.#client)) this.#cancelWatchdog()
    const wasUp = this.#isUp
    // One node of a cluster may be gone while the others serve; which servers serve is unknown
    // until they are asked again.
    const isPartial = wasUp && isCluster(this.#client)
    this.#isUp = isPartial
    this.#runId = undefined
    if (wasUp) this.#listeners.onDown()
    if (isPartial) this.#verifyIn(retryVerifyMs)
    this.#wake((until) => this.#isOver(until))
  }

  #onError(error: unknown): void {
    this.#hasTried = true
    this.#reason = connectReason(error)
    this.#isDenied = isDenied(error)
    this.#listeners.onError(error)
    this.#wake((until) => this.#isOver(until))
  }

  /** Whether a moment has come though the connection is not up. */
  #isOver(until: LinkMoment): boolean {
    if (until === 'up-or-denied') return this.#isDenied
    return until === 'first-attempt' && this.#hasTried
  }

  #wake(isOver: (until: LinkMoment) => boolean): void {
    for (const waiter of this.#waiting) {
      if (!isOver(waiter.until)) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }
}
