import type { CacheKey } from '../cache-key.ts'
import { holdKeys } from './hold.ts'
import type { Intents } from './intents.ts'
import type { Invalidation } from './invalidation.ts'
import { releaseKeys } from './release.ts'

interface Hold {
  readonly issuedAt: number
  readonly epoch: number
  readonly isHeld: Promise<boolean>
}

/** The holds of one writer, from the first `invalidate` to the release. */
export class KeyChange {
  readonly #invalidation: Invalidation
  readonly #owner: string
  readonly #lifeMs: number
  readonly #holds = new Map<string, Hold>()
  #hasIntent = false

  constructor(invalidation: Invalidation, lifeMs: number) {
    this.#invalidation = invalidation
    this.#owner = invalidation.nonces.next()
    this.#lifeMs = lifeMs
  }

  /** Issues the holds of keys without waiting for them. */
  invalidate(keys: readonly CacheKey[]): void {
    const fresh = [...new Set(keys.map((key) => key.text))].filter((key) => !this.#holds.has(key))
    if (fresh.length > 0) this.#issue(fresh)
  }

  /**
   * Makes sure, just before COMMIT, that no reader serves or stores what the commit makes old:
   * waits for the holds, renews those that are older than half their life or from before trust in
   * Redis was lost, and writes an intent down where Redis does not answer. Rejects with
   * `FailureError` when that cannot be written: the commit must not be sent then.
   */
  async hold(findTransactionId: () => Promise<string | undefined>): Promise<void> {
    if (this.#holds.size === 0) return
    const { clock, diagnostics } = this.#invalidation.parts
    const startedAt = clock.monotonic()
    const old = [...this.#holds].filter(([, hold]) => this.#isOld(hold)).map(([key]) => key)
    if (old.length > 0) this.#issue(old)
    const failed = await this.#failedKeys()
    if (failed.length > 0 || this.#isDurable)
      await this.#writeIntent(failed.length === 0, await findTransactionId())
    diagnostics.emit('invalidation:hold', {
      keys: this.#holds.size,
      durationMs: clock.monotonic() - startedAt,
    })
  }

  /**
   * Ends the holds, after COMMIT or ROLLBACK. Never rejects: what cannot be reached expires, or is
   * deleted by whoever finds the intent.
   */
  async release(): Promise<void> {
    if (this.#holds.size === 0) return
    const { clock, diagnostics, redis } = this.#invalidation.parts
    const startedAt = clock.monotonic()
    const keys = [...this.#holds.keys()]
    const lost = await releaseKeys(redis, keys, this.#owner)
    if (lost.isErr()) {
      diagnostics.emit('invalidation:failed', { keys: keys.length, error: lost.error })
      return this.#settleIntent((intents) => intents.end(this.#owner))
    }
    if (lost.value > 0) diagnostics.emit('invalidation:hold-lost', { keys: lost.value })
    diagnostics.emit('invalidation:release', {
      keys: keys.length,
      durationMs: clock.monotonic() - startedAt,
    })
    await this.#settleIntent((intents) => intents.remove([this.#owner]))
  }

  /**
   * A gate waits for transactions under way as long as an ordinary hold lasts; one that may take
   * longer is written down, which a gate sees.
   */
  get #isDurable(): boolean {
    const { invalidation, holdMs } = this.#invalidation.options
    return invalidation === 'durable' || this.#lifeMs > holdMs
  }

  #isOld(hold: Hold): boolean {
    const { gate, parts } = this.#invalidation
    return hold.epoch !== gate.epoch || parts.clock.monotonic() - hold.issuedAt > this.#lifeMs / 2
  }

  async #failedKeys(): Promise<readonly string[]> {
    const holds = [...this.#holds]
    const areHeld = await Promise.all(holds.map(([, hold]) => hold.isHeld))
    return holds.filter((_, index) => areHeld[index] !== true).map(([key]) => key)
  }

  /**
   * The holds are issued once more after the intent is visible: whoever looked before it was, looks
   * at a key that is held.
   */
  async #writeIntent(isHeld: boolean, transactionId: string | undefined): Promise<void> {
    const { gate, intents, parts } = this.#invalidation
    const intent = { id: this.#owner, keys: [...this.#holds.keys()] }
    await intents.write({ ...intent, isHeld }, transactionId)
    this.#hasIntent = true
    this.#issue(intent.keys)
    const failed = await this.#failedKeys()
    if (isHeld && failed.length === 0) return
    if (isHeld) await intents.write({ ...intent, isHeld: false }, transactionId)
    parts.diagnostics.emit('invalidation:intent', { keys: intent.keys.length })
    gate.loseTrust()
  }

  async #settleIntent(settle: (intents: Intents) => Promise<void>): Promise<void> {
    if (!this.#hasIntent) return
    const { intents, parts } = this.#invalidation
    await settle(intents).catch((error: unknown) => {
      parts.diagnostics.emit('invalidation:failed', { keys: this.#holds.size, error })
    })
  }

  #issue(keys: readonly string[]): void {
    const {
      gate,
      parts: { clock, redis },
    } = this.#invalidation
    const isHeld = holdKeys(redis, keys, { owner: this.#owner, lifeMs: this.#lifeMs }).then(
      (result) => result.isOk(),
    )
    const hold = { issuedAt: clock.monotonic(), epoch: gate.epoch, isHeld }
    for (const key of keys) this.#holds.set(key, hold)
  }
}
