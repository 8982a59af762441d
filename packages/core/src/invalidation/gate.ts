import type { InvalidationParts } from './invalidation.ts'
import { type FoundIntent, type Intents, maxIntents } from './intents.ts'
import { releaseKeys } from './release.ts'
import { TransactionsUnderWay } from './under-way.ts'

/** What a {@link Gate} goes by. */
export interface GateOptions {
  /** How often an open gate looks at the intents, in milliseconds. */
  readonly lookEveryMs: number
  /** How long a hold lives, in milliseconds. */
  readonly holdMs: number
}

/** How soon a closed gate looks again, in milliseconds. */
const closedLookMs = 50

/**
 * Whether this process may trust what Redis holds: closed at the start, and whenever trust is lost,
 * until every intent that was there then is settled and every write transaction that was under way
 * then has ended, or has outlived its holds in any case; closed while there is an intent of a
 * writer that could not reach Redis.
 */
export class Gate {
  readonly #parts: InvalidationParts
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
  #notedAtMs = 0
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(parts: InvalidationParts, intents: Intents, options: GateOptions) {
    this.#parts = parts
    this.#intents = intents
    this.#options = options
    this.#underWay = new TransactionsUnderWay(parts.postgres)
    this.#unsubscribe = parts.redis.onTrustLost(() => {
      this.loseTrust()
    })
    this.#lookIn(0)
  }

  /** Whether reads may use the cache. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Rises whenever trust is lost: what Redis acknowledged in an earlier epoch may be gone. */
  get epoch(): number {
    return this.#epoch
  }

  /** Resolves after the first look, whatever it saw. */
  get firstLook(): Promise<void> {
    return this.#firstLook.promise
  }

  /** Closes the gate until the intents have been looked at again. */
  loseTrust(): void {
    this.#epoch += 1
    this.#set(false)
    this.#lookIn(0)
  }

  /** Ends its timer, and its look once that is over. */
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
    const { redis, diagnostics } = this.#parts
    let isSure = true
    try {
      if (this.#isOpen || redis.isAvailable) await this.#judge(this.#epoch)
    } catch (error) {
      // PostgreSQL is not to be asked more often because it is in trouble.
      isSure = false
      diagnostics.emit('invalidation:failed', { keys: 0, error })
    } finally {
      this.#firstLook.resolve()
      this.#lookIn(this.#isOpen || !isSure ? this.#options.lookEveryMs : closedLookMs)
    }
  }

  async #judge(epoch: number): Promise<void> {
    const intents = await this.#intents.read(this.#options.holdMs)
    if (this.#lookedInEpoch !== epoch) {
      await this.#underWay.note()
      this.#notedAtMs = this.#parts.clock.monotonic()
      this.#mustSettle = new Set(intents.map(({ id }) => id))
      this.#lookedInEpoch = epoch
    }
    const isBlocking = (intent: FoundIntent): boolean =>
      !intent.isHeld || this.#mustSettle.has(intent.id)
    const settled = await this.#settle(
      intents.filter((intent) => intent.hasEnded && (isBlocking(intent) || intent.isOld)),
    )
    const isClear =
      intents.length < maxIntents &&
      intents.every((intent) => settled.has(intent.id) || !isBlocking(intent))
    const isTrusted = isClear && (this.#isOpen || (await this.#haveWritersEnded()))
    if (epoch === this.#epoch) this.#set(isTrusted && this.#parts.redis.isAvailable)
  }

  async #haveWritersEnded(): Promise<boolean> {
    if (this.#parts.clock.monotonic() - this.#notedAtMs >= this.#options.holdMs) return true
    return this.#underWay.haveEnded()
  }

  /** Deletes the keys of transactions that have ended, then their intents. */
  async #settle(ended: readonly FoundIntent[]): Promise<ReadonlySet<string>> {
    const { redis, diagnostics } = this.#parts
    const releases = await Promise.all(ended.map(({ id, keys }) => releaseKeys(redis, keys, id)))
    const settled = ended.filter((_, index) => releases[index]?.isOk() === true)
    if (settled.length > 0) await this.#intents.remove(settled.map(({ id }) => id))
    if (settled.length > 0)
      diagnostics.emit('invalidation:release', {
        keys: settled.reduce((sum, { keys }) => sum + keys.length, 0),
        durationMs: 0,
      })
    return new Set(settled.map(({ id }) => id))
  }

  #set(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return
    this.#isOpen = isOpen
    this.#parts.diagnostics.emit('invalidation:gate', { state: isOpen ? 'open' : 'closed' })
  }
}
