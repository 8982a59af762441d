import type { CacheKey } from '../cache-key.ts'
import type { Gate } from './gate.ts'
import { holdKeys } from './hold.ts'
import type { Intents } from './intents.ts'
import type { Announce, InvalidationDeps } from './invalidation-deps.ts'
import { releaseKeys } from './release.ts'

/** Dependencies of a {@link KeyChange}. */
export interface KeyChangeDeps extends Omit<InvalidationDeps, 'postgres'> {
  /** Stores the intent, where one is needed. */
  readonly intents: Intents
  /** Closed by the change when Redis does not answer. */
  readonly gate: Gate
  /** Tells the processes that keep values of their own. */
  readonly announce: Announce
}

/** Options of a {@link KeyChange}. */
export interface KeyChangeOptions {
  /** The owner of the holds. */
  readonly owner: string
  /** Life of a hold without a release, in milliseconds. */
  readonly lifeMs: number
  /** Whether an intent is written even when Redis acknowledges the holds. */
  readonly isDurable: boolean
  /** Whether to issue no hold before the transaction is known to have an id. */
  readonly waitsForId: boolean
}

interface Hold {
  readonly issuedAt: number
  readonly epoch: number
  readonly isHeld: Promise<boolean>
}

/**
 * The holds of one writer, from the first `invalidate` to the release.
 *
 * Only a hold that is issued once the transaction has an id counts: a gate waits for transactions
 * with an id only, so it would not make up for an earlier one if Redis lost it.
 */
export class KeyChange {
  readonly #deps: KeyChangeDeps
  readonly #options: KeyChangeOptions
  readonly #keys = new Set<string>()
  readonly #holds = new Map<string, Hold>()
  #isIssuing: boolean
  #hasIntent = false

  constructor(deps: KeyChangeDeps, options: KeyChangeOptions) {
    this.#deps = deps
    this.#options = options
    this.#isIssuing = !options.waitsForId
  }

  /** Issues the holds of keys without waiting for them, now or at `begin`. */
  invalidate(keys: readonly CacheKey[]): void {
    const fresh = [...new Set(keys.map(textOf))].filter((key) => !this.#keys.has(key))
    for (const key of fresh) this.#keys.add(key)
    if (this.#isIssuing) this.#issue(fresh)
  }

  /**
   * To be called once the transaction has an id: issues all holds, also those that were issued
   * before, without waiting for them.
   */
  begin(): void {
    this.#isIssuing = true
    this.#issue([...this.#keys])
  }

  /**
   * Makes sure, just before COMMIT, that no reader serves or stores what the commit makes old.
   *
   * To be called after `begin`. It waits for the holds, and renews those that are older than half
   * their life or than the last loss of trust in Redis. Where Redis does not answer it writes an
   * intent. Rejects with `FailureError` when the intent cannot be written: COMMIT must not be sent
   * then.
   */
  async hold(findTransactionId: () => Promise<string | undefined>): Promise<void> {
    if (this.#holds.size === 0) return
    const { clock, diagnostics } = this.#deps
    const startedAt = clock.monotonic()
    const old = [...this.#holds].filter(([, hold]) => this.#isOld(hold)).map(([key]) => key)
    this.#issue(old)
    const failed = await this.#failedKeys()
    if (failed.length > 0 || this.#options.isDurable)
      await this.#writeIntent(failed.length === 0, await findTransactionId())
    diagnostics.emit('invalidation:hold', {
      keys: this.#holds.size,
      durationMs: clock.monotonic() - startedAt,
    })
  }

  /**
   * Ends the holds, after COMMIT or ROLLBACK. Never rejects: when Redis is out of reach it leaves
   * an intent, and the next process that reaches Redis deletes the keys.
   */
  async release(): Promise<void> {
    if (this.#holds.size === 0) return
    const { clock, diagnostics, intents, redis, announce } = this.#deps
    const id = this.#options.owner
    const startedAt = clock.monotonic()
    const keys = [...this.#holds.keys()]
    const lost = await releaseKeys(redis, keys, id)
    if (lost.isErr()) {
      diagnostics.emit('invalidation:failed', { keys: keys.length, error: lost.error })
      return this.#report(intents.leave({ id, keys }))
    }
    if (lost.value > 0) {
      diagnostics.emit('invalidation:hold-lost', { keys: lost.value })
      // What was stored meanwhile may have been kept by any process.
      if (!(await announce(keys))) return this.#report(intents.leave({ id, keys }))
    }
    diagnostics.emit('invalidation:release', {
      keys: keys.length,
      durationMs: clock.monotonic() - startedAt,
    })
    if (this.#hasIntent) await this.#report(intents.remove([id]))
  }

  #isOld(hold: Hold): boolean {
    const { gate, clock } = this.#deps
    return hold.epoch !== gate.epoch || clock.monotonic() - hold.issuedAt > this.#options.lifeMs / 2
  }

  async #failedKeys(): Promise<readonly string[]> {
    const holds = [...this.#holds]
    const areHeld = await Promise.all(holds.map(([, hold]) => hold.isHeld))
    return holds.filter((_, index) => areHeld[index] !== true).map(([key]) => key)
  }

  /**
   * The holds are issued once more after the intent is visible: a process that looked at the
   * intents before then finds the keys held.
   */
  async #writeIntent(isHeld: boolean, transactionId: string | undefined): Promise<void> {
    const { gate, intents, diagnostics } = this.#deps
    const intent = { id: this.#options.owner, keys: [...this.#holds.keys()] }
    await intents.write({ ...intent, isHeld }, transactionId)
    this.#hasIntent = true
    this.#issue(intent.keys)
    const failed = await this.#failedKeys()
    if (isHeld && failed.length === 0) return
    if (isHeld) await intents.write({ ...intent, isHeld: false }, transactionId)
    diagnostics.emit('invalidation:intent', { keys: intent.keys.length })
    gate.loseTrust()
  }

  async #report(update: Promise<void>): Promise<void> {
    await update.catch((error: unknown) => {
      this.#deps.diagnostics.emit('invalidation:failed', { keys: this.#holds.size, error })
    })
  }

  #issue(keys: readonly string[]): void {
    if (keys.length === 0) return
    const { gate, clock, redis, announce } = this.#deps
    const { owner, lifeMs } = this.#options
    const isHeld = holdKeys(redis, keys, { owner, lifeMs }).then(
      async (result) => result.isOk() && announce(keys),
    )
    const hold = { issuedAt: clock.monotonic(), epoch: gate.epoch, isHeld }
    for (const key of keys) this.#holds.set(key, hold)
  }
}

function textOf(key: CacheKey): string {
  const { text } = Object(key) as { readonly text?: unknown }
  if (typeof text === 'string') return text
  throw new TypeError(
    `invalidate: expected a key made by cache.key(id), got ${JSON.stringify(key)}`,
  )
}
