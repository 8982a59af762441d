import type { CacheId } from './cache-id.ts'
import { type FoundIntent, type Intents, maxIntents } from './intents.ts'
import type { InvalidationDeps } from './invalidation-deps.ts'
import type { Settlement } from './settlement.ts'
import { TransactionsUnderWay } from './under-way.ts'

/** Dependencies of a {@link Gate}. */
export interface GateDeps extends InvalidationDeps {
  /** What has to be settled before it opens. */
  readonly intents: Intents
  /** Settles it. */
  readonly settlement: Settlement
  /** What is trusted while it is open. */
  readonly cacheId: CacheId
}

/** Options of a {@link Gate}. */
export interface GateOptions {
  /** How often an open gate looks at the intents, in milliseconds. */
  readonly lookEveryMs: number
  /** How long a hold lives, in milliseconds. */
  readonly holdMs: number
}

/** Pause between two looks of a closed gate, in milliseconds. */
const closedLookMs = 50
/** The same while another process settles a backlog. */
const busyLookMs = 250
/** The longest pause of a closed gate after a look that failed. */
const troubledLookMs = 1_000
/** So many keys are not deleted one by one: the cache is flushed. */
const maxKeys = 50_000

/**
 * Decides whether this process may trust what Redis holds.
 *
 * It starts closed, and closes whenever trust is lost. It opens when every intent that existed then
 * is settled, and every write transaction that was under way then has ended or has outlived its
 * holds. It is also closed while there is an intent of a writer that could not reach Redis.
 */
export class Gate {
  readonly #deps: GateDeps
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
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(deps: GateDeps, options: GateOptions) {
    this.#deps = deps
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
    const { cacheId, redis } = this.#deps
    const epoch = this.#epoch
    const { isTrusted, pauseMs } = await this.#judge(epoch)
    // The marker is read after the intents: a flush that settled some has replaced it before.
    const mayOpen = isTrusted && ((await cacheId.read()) || this.#isOpen)
    if (epoch === this.#epoch) this.#set(mayOpen && redis.isAvailable)
    this.#firstLook.resolve()
    this.#lookIn(pauseMs ?? (this.#isOpen ? this.#options.lookEveryMs : closedLookMs))
  }

  async #judge(epoch: number): Promise<Verdict> {
    const { intents, settlement, redis, diagnostics } = this.#deps
    const { holdMs, lookEveryMs } = this.#options
    if (!this.#isOpen && !redis.isAvailable) return { isTrusted: false }
    try {
      let found = await intents.read(holdMs)
      if (isBacklog(found)) {
        const flushed = await settlement.flush(holdMs)
        if (flushed === 'busy') return { isTrusted: false, pauseMs: busyLookMs }
        found = await intents.read(holdMs)
      }
      return { isTrusted: await this.#isClear(found, epoch) }
    } catch (error) {
      diagnostics.emit('invalidation:failed', { keys: 0, error })
      // PostgreSQL in trouble must not be asked more often. A closed gate looks on all the same.
      const pauseMs = this.#isOpen ? lookEveryMs : Math.min(lookEveryMs, troubledLookMs)
      return { isTrusted: this.#isOpen, pauseMs }
    }
  }

  async #isClear(intents: readonly FoundIntent[], epoch: number): Promise<boolean> {
    if (this.#lookedInEpoch !== epoch) {
      await this.#underWay.note()
      this.#notedAt = this.#deps.clock.monotonic()
      this.#mustSettle = new Set(intents.map(({ id }) => id))
    }
    // Intents beyond those that one look reads are noted by a later look.
    const hasMore = intents.length === maxIntents
    if (!hasMore) this.#lookedInEpoch = epoch
    const isBlocking = (intent: FoundIntent): boolean =>
      !intent.isHeld || this.#mustSettle.has(intent.id)
    const settled = await this.#deps.settlement.settle(
      intents.filter((intent) => intent.hasEnded && (isBlocking(intent) || intent.isOld)),
    )
    if (hasMore || intents.some((intent) => !settled.has(intent.id) && isBlocking(intent)))
      return false
    return this.#isOpen || this.#haveWritersEnded()
  }

  async #haveWritersEnded(): Promise<boolean> {
    if (this.#deps.clock.monotonic() - this.#notedAt >= this.#options.holdMs) return true
    return this.#underWay.haveEnded()
  }

  #set(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return
    this.#isOpen = isOpen
    this.#deps.diagnostics.emit('invalidation:gate', { state: isOpen ? 'open' : 'closed' })
  }
}

interface Verdict {
  readonly isTrusted: boolean
  /** Time until the next look, where it is not the usual one. */
  readonly pauseMs?: number
}

function isBacklog(intents: readonly FoundIntent[]): boolean {
  if (intents.length === maxIntents) return true
  return intents.reduce((keys, intent) => keys + intent.keys.length, 0) > maxKeys
}
