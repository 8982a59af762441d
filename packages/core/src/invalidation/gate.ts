import type { InvalidationDeps } from './invalidation-deps.ts'
import { type FoundIntent, type Intents, maxIntents } from './intents.ts'
import { releaseEnded } from './release.ts'
import { TransactionsUnderWay } from './under-way.ts'

/** Options of a {@link Gate}. */
export interface GateOptions {
  /** How often an open gate looks at the intents, in milliseconds. */
  readonly lookEveryMs: number
  /** How long a hold lives, in milliseconds. */
  readonly holdMs: number
}

/** Pause between two looks of a closed gate, in milliseconds. */
const closedLookMs = 50

/**
 * Decides whether this process may trust what Redis holds.
 *
 * It starts closed, and closes whenever trust is lost. It opens when every intent that existed then
 * is settled, and every write transaction that was under way then has ended or has outlived its
 * holds. It is also closed while there is an intent of a writer that could not reach Redis.
 */
export class Gate {
  readonly #deps: InvalidationDeps
  readonly #intents: Intents
  readonly #options: GateOptions
  readonly #underWay: TransactionsUnderWay
  readonly #firstLook = Promise.withResolvers<void>()
  readonly #unsubscribe: () => void
  #isOpen = false
  #isStopped = false
  #epoch = 1
  #lookedInEpoch = 0
  #mustSettle: ReadonlySet<string> = new Set()
  #notedAt = 0
  #hasMore = false
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(deps: InvalidationDeps, intents: Intents, options: GateOptions) {
    this.#deps = deps
    this.#intents = intents
    this.#options = options
    this.#underWay = new TransactionsUnderWay(deps.postgres)
    this.#unsubscribe = deps.redis.onTrustLost(() => {
      this.loseTrust()
    })
    this.#lookIn(0)
  }

  /** Whether reads may use the cache. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Incremented whenever trust is lost: Redis may have forgotten what it acknowledged before. */
  get epoch(): number {
    return this.#epoch
  }

  /** Resolves after the first look, whether it succeeded or not. */
  get firstLook(): Promise<void> {
    return this.#firstLook.promise
  }

  /** Closes the gate until the intents have been looked at again. */
  loseTrust(): void {
    this.#epoch += 1
    this.#set(false)
    this.#lookIn(0)
  }

  /** Stops the timer and waits for a look that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe()
    clearTimeout(this.#timer)
    await this.#looking
    this.#firstLook.resolve()
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
      })
    }, ms)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const { redis, diagnostics } = this.#deps
    let isSure = true
    try {
      if (this.#isOpen || redis.isAvailable) await this.#openIfTrusted(this.#epoch)
    } catch (error) {
      // PostgreSQL in trouble must not be asked more often.
      isSure = false
      diagnostics.emit('invalidation:failed', { keys: 0, error })
    } finally {
      this.#firstLook.resolve()
      this.#lookIn(isSure ? this.#pauseMs : this.#options.lookEveryMs)
    }
  }

  get #pauseMs(): number {
    if (this.#hasMore) return 0
    return this.#isOpen ? this.#options.lookEveryMs : closedLookMs
  }

  async #openIfTrusted(epoch: number): Promise<void> {
    const intents = await this.#intents.read(this.#options.holdMs)
    if (this.#lookedInEpoch !== epoch) {
      await this.#underWay.note()
      this.#notedAt = this.#deps.clock.monotonic()
      this.#mustSettle = new Set(intents.map(({ id }) => id))
    }
    // Intents beyond those that one look reads are noted by a later look.
    this.#hasMore = intents.length === maxIntents
    if (!this.#hasMore) this.#lookedInEpoch = epoch
    const isBlocking = (intent: FoundIntent): boolean =>
      !intent.isHeld || this.#mustSettle.has(intent.id)
    const settled = await this.#settle(
      intents.filter((intent) => intent.hasEnded && (isBlocking(intent) || intent.isOld)),
    )
    const isClear =
      !this.#hasMore && intents.every((intent) => settled.has(intent.id) || !isBlocking(intent))
    const isTrusted = isClear && (this.#isOpen || (await this.#haveWritersEnded()))
    if (epoch === this.#epoch) this.#set(isTrusted && this.#deps.redis.isAvailable)
  }

  async #haveWritersEnded(): Promise<boolean> {
    if (this.#deps.clock.monotonic() - this.#notedAt >= this.#options.holdMs) return true
    return this.#underWay.haveEnded()
  }

  /** Deletes the keys of transactions that have ended, then their intents. */
  async #settle(ended: readonly FoundIntent[]): Promise<ReadonlySet<string>> {
    const { redis, diagnostics } = this.#deps
    if (ended.length === 0) return new Set()
    const settled = await releaseEnded(redis, ended)
    if (settled.size > 0) {
      await this.#intents.remove([...settled])
      const keys = ended.filter(({ id }) => settled.has(id)).flatMap((intent) => intent.keys)
      diagnostics.emit('invalidation:release', { keys: keys.length, durationMs: 0 })
    }
    return settled
  }

  #set(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return
    this.#isOpen = isOpen
    this.#deps.diagnostics.emit('invalidation:gate', { state: isOpen ? 'open' : 'closed' })
  }
}
