import { createRedisClient, discardClient, isCluster, readRunId } from './redis-client.ts'
import { replyCode } from './redis-failure.ts'
import type { RedisSettings } from './redis-options.ts'
import type { RedisConnection } from './redis-store.ts'

/** Who hears of a link's changes. */
export interface RedisLinkListeners {
  /** A connection is up and its server known. */
  readonly onUp: () => void
  /** A connection was lost, or another server answers. */
  readonly onDown: () => void
  /** The client reported an error. */
  readonly onError: (error: unknown) => void
}

type Handler = readonly [event: string, handler: (error?: unknown) => void]

const retryVerifyMs = 500

/**
 * The connection to Redis: down → connecting → up. It is up only once the server's `run_id` has
 * been read on it; a cluster that loses a node stays up, with its servers unknown until all have
 * been asked again. A client of our own that hangs is thrown away and replaced by a new one; one
 * that was handed in is only watched.
 */
export class RedisLink {
  readonly #settings: RedisSettings
  readonly #listeners: RedisLinkListeners
  readonly #isOwn: boolean
  readonly #waiting = new Set<{
    readonly until: 'up' | 'first-attempt'
    readonly resolve: () => void
  }>()
  #client: RedisConnection
  #handlers: readonly Handler[] = []
  #isUp = false
  #isClosed = false
  #hasTried = false
  #runId: string | undefined
  #lastRunId: string | undefined
  #watchdog: NodeJS.Timeout | undefined
  #attempt = 0

  constructor(settings: RedisSettings, listeners: RedisLinkListeners) {
    this.#settings = settings
    this.#listeners = listeners
    this.#isOwn = settings.client === undefined
    this.#client = settings.client ?? createRedisClient(settings)
    this.#attach()
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

  /** Which server is connected; `undefined` while that is not known. */
  get runId(): string | undefined {
    return this.isUp ? this.#runId : undefined
  }

  whenUp(until: 'up' | 'first-attempt'): Promise<void> {
    if (this.isUp || (until === 'first-attempt' && this.#hasTried)) return Promise.resolve()
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
    clearTimeout(this.#watchdog)
    if (!this.#isOwn) {
      this.#detach()
      return
    }
    // A client that is still connecting has nothing to drain, and `close` would leave its attempt
    // running.
    if (this.#client.isReady) await this.#client.close()
    this.destroy()
  }

  destroy(): void {
    this.#isClosed = true
    this.#isUp = false
    clearTimeout(this.#watchdog)
    if (this.#isOwn) this.#discard()
    else this.#detach()
  }

  #renew(): void {
    if (!this.#isOwn || this.#isClosed) return
    this.#goDown()
    this.#isUp = false
    this.#discard()
    this.#client = createRedisClient(this.#settings)
    this.#attach()
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

  #discard(): void {
    this.#detach()
    discardClient(this.#client)
  }

  #attach(): void {
    const up = isCluster(this.#client) ? ['node-ready', 'connect'] : ['ready']
    const down = isCluster(this.#client)
      ? ['node-error', 'node-disconnect']
      : ['reconnecting', 'end']
    const isHeard = !this.#isOwn && this.#client.listenerCount('error') > 0
    this.#handlers = [
      ...up.map((event): Handler => [
        event,
        () => {
          this.#verify()
        },
      ]),
      ...down.map((event): Handler => [
        event,
        () => {
          this.#goDown()
        },
      ]),
      ...(isCluster(this.#client)
        ? []
        : [
            [
              'connect',
              () => {
                this.#watch(this.#settings.connectTimeoutMs)
              },
            ] as const,
          ]),
      // An `error` event without any listener would end the process.
      ...(isHeard
        ? []
        : [
            [
              'error',
              (error: unknown) => {
                this.#onError(error)
              },
            ] as const,
          ]),
    ]
    for (const [event, handler] of this.#handlers) this.#client.on(event, handler)
  }

  #detach(): void {
    for (const [event, handler] of this.#handlers) this.#client.off(event, handler)
    this.#handlers = []
  }

  /**
   * A server that accepts connections and then says nothing would leave the client in its handshake
   * for ever.
   */
  #watch(ms: number): void {
    clearTimeout(this.#watchdog)
    if (this.#isOwn && !this.#isClosed)
      this.#watchdog = setTimeout(() => {
        this.#renew()
      }, ms)
  }

  #verify(): void {
    this.#attempt += 1
    const attempt = this.#attempt
    // A node that has come to a cluster may be a promoted replica.
    if (isCluster(this.#client)) this.#runId = undefined
    else this.#watch(this.#settings.connectTimeoutMs)
    readRunId(this.#client).then(
      (runId) => {
        if (attempt === this.#attempt) this.#goUp(runId)
      },
      (error: unknown) => {
        if (attempt !== this.#attempt) return
        this.#onError(error)
        // A server that refuses INFO serves, but what it holds cannot be trusted across a restart.
        if (replyCode(error) === 'NOPERM') this.#goUp(undefined)
        else this.#verifyLater(attempt)
      },
    )
  }

  #verifyLater(attempt: number): void {
    setTimeout(() => {
      if (attempt === this.#attempt && !this.#isClosed && this.#client.isReady) this.#verify()
    }, retryVerifyMs).unref()
  }

  #goUp(runId: string | undefined): void {
    if (this.#isClosed) return
    clearTimeout(this.#watchdog)
    if (this.#lastRunId !== undefined && this.#lastRunId !== runId) this.#listeners.onDown()
    this.#runId = runId
    this.#lastRunId = runId
    this.#isUp = true
    this.#listeners.onUp()
    this.#wake(() => true)
  }

  #goDown(): void {
    this.#attempt += 1
    this.#hasTried = true
    if (!isCluster(this.#client)) clearTimeout(this.#watchdog)
    const wasUp = this.#isUp
    // One node of a cluster may be gone while the others serve; which servers serve is unknown
    // until they are asked again.
    const isPartial = wasUp && isCluster(this.#client)
    this.#isUp = isPartial
    this.#runId = undefined
    if (wasUp) this.#listeners.onDown()
    if (isPartial) this.#verifyLater(this.#attempt)
    this.#wake((until) => until === 'first-attempt')
  }

  #onError(error: unknown): void {
    this.#hasTried = true
    this.#listeners.onError(error)
    this.#wake((until) => until === 'first-attempt')
  }

  #wake(isOver: (until: 'up' | 'first-attempt') => boolean): void {
    for (const waiter of this.#waiting) {
      if (!isOver(waiter.until)) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }
}
