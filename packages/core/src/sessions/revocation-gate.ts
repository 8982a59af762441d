import type { StoreError } from '../errors.ts'
import { redisUnavailable } from '../stores/redis/redis-failure.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import type { Stores } from '../connect/stores.ts'
import type { Revocations } from './revocations.ts'
import { replayedKey } from './session-keys.ts'

/** What a {@link RevocationGate} goes by. */
export interface GateParts {
  /** The stores. */
  readonly stores: Pick<Stores, 'redis' | 'diagnostics' | 'clock'>
  /** What is to hold before sessions answer. */
  readonly revocations: Revocations
  /** How often to look for what others could not tell Redis, in milliseconds. */
  readonly lookEveryMs: number
}

const purgeEveryMs = 3_600_000

/**
 * Whether every revocation is known to hold on the Redis that is connected: closed at the start,
 * whenever Redis was lost, and when this process could not tell Redis something. It opens once what
 * Redis missed has been told to it: everything when it is another server than before, which may
 * hold an older state, and otherwise what is noted as not told.
 */
export class RevocationGate {
  readonly #parts: GateParts
  readonly #unsubscribe: () => void
  #isOpen = false
  #isStarted = false
  #isStopped = false
  #losses = 0
  #replayedOn: string | undefined
  #opening: Promise<StoreError | undefined> | undefined
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #purgedAtMs = -Infinity

  constructor(parts: GateParts) {
    this.#parts = parts
    this.#unsubscribe = parts.stores.redis.onTrustLost(() => {
      this.#onTrustLost()
    })
  }

  /** Whether sessions may answer. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Rises whenever the gate closes: an answer that was asked for before says nothing. */
  get losses(): number {
    return this.#losses
  }

  /** Closes the gate. */
  close(): void {
    this.#losses += 1
    this.#isOpen = false
    this.#lookIn(0)
  }

  /**
   * Opens the gate and gives back why it could not. One call at a time does the work, for all who
   * wait.
   */
  open(): Promise<StoreError | undefined> {
    this.#isStarted = true
    this.#opening ??= this.#attempt().finally(() => {
      this.#opening = undefined
      this.#lookIn(this.#parts.lookEveryMs)
    })
    return this.#opening
  }

  /** Ends its timer, and its look once that is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe()
    clearTimeout(this.#timer)
    await Promise.all([this.#opening, this.#looking])
  }

  /**
   * A late command alone does not close it: others could have been late as well, so somebody looks,
   * but nothing was lost.
   */
  #onTrustLost(): void {
    const { redis } = this.#parts.stores
    if (!redis.isAvailable || redis.runId === undefined) this.close()
    else this.#lookIn(0)
  }

  async #attempt(): Promise<StoreError | undefined> {
    const {
      stores: { redis, diagnostics },
      revocations,
    } = this.#parts
    if (!redis.isAvailable) return redisUnavailable('sessions', 'not connected')
    const [losses, runId] = [this.#losses, redis.runId]
    const scope = (await this.#isReplayed(redis, runId)) ? 'pending' : 'all'
    const replayed = await revocations.replay(scope)
    if (replayed.isErr()) return replayed.error
    if (losses !== this.#losses) return redisUnavailable('sessions', 'lost meanwhile')
    this.#isOpen = true
    this.#replayedOn = runId
    diagnostics.emit('session:replayed', { scope, count: replayed.value })
    // Who starts later need not tell this server everything once more; when this is lost they do.
    if (scope === 'all' && runId !== undefined)
      await redis
        .run('note replay', (client) => client.set(replayedKey(redis), runId))
        .unwrapOr(undefined)
    return undefined
  }

  /** What others have told a server counts for a process that has not known another one. */
  async #isReplayed(redis: RedisStore, runId: string | undefined): Promise<boolean> {
    if (runId === undefined || this.#replayedOn !== undefined)
      return runId !== undefined && runId === this.#replayedOn
    const noted = await redis.run('read replay', (client) => client.get(replayedKey(redis)))
    return noted.isOk() && noted.value === runId
  }

  #lookIn(ms: number): void {
    if (this.#isStopped || !this.#isStarted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
        this.#lookIn(this.#parts.lookEveryMs)
      })
    }, ms)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const {
      revocations,
      stores: { redis, diagnostics, clock },
    } = this.#parts
    if (!redis.isAvailable) return
    if (!this.#isOpen) return void (await this.open())
    const replayed = await revocations.replay('overdue')
    if (replayed.isErr()) diagnostics.emit('session:revocation-failed', { error: replayed.error })
    if (clock.monotonic() - this.#purgedAtMs < purgeEveryMs) return
    this.#purgedAtMs = clock.monotonic()
    await revocations.purge()
  }
}
