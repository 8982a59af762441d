import type { CacheKey } from '../cache/cache-key.ts'
import { holdKeys } from './hold.ts'
import type { Invalidation } from './invalidation.ts'
import { releaseKeys } from './release.ts'

interface Hold {
  readonly issuedAt: number
  readonly isHeld: Promise<boolean>
}

/**
 * The holds of one writer, from the first `invalidate` to the release.
 */
export class KeyChange {
  readonly #invalidation: Invalidation
  readonly #owner: string
  readonly #lifeMs: number
  readonly #holds = new Map<string, Hold>()

  constructor(invalidation: Invalidation, lifeMs: number) {
    this.#invalidation = invalidation
    this.#owner = invalidation.nonces.next()
    this.#lifeMs = lifeMs
  }

  /**
   * Issues the holds of keys without waiting for them.
   */
  invalidate(keys: readonly CacheKey[]): void {
    const fresh = [...new Set(keys.map((key) => key.text))].filter((key) => !this.#holds.has(key))
    if (fresh.length > 0) this.#issue(fresh)
  }

  /**
   * Waits for the holds and renews those that are older than half their life. Called just before COMMIT.
   */
  async hold(): Promise<void> {
    if (this.#holds.size === 0) return
    const { clock, diagnostics } = this.#invalidation.parts
    const startedAt = clock.monotonic()
    const old = [...this.#holds].filter(([, hold]) => startedAt - hold.issuedAt > this.#lifeMs / 2).map(([key]) => key)
    if (old.length > 0) this.#issue(old)
    await Promise.all([...this.#holds.values()].map((hold) => hold.isHeld))
    diagnostics.emit('invalidation:hold', { keys: this.#holds.size, durationMs: clock.monotonic() - startedAt })
  }

  /**
   * Ends the holds, after COMMIT or ROLLBACK. Never rejects.
   */
  async release(): Promise<void> {
    if (this.#holds.size === 0) return
    const { clock, diagnostics, redis } = this.#invalidation.parts
    const startedAt = clock.monotonic()
    const keys = [...this.#holds.keys()]
    const lost = await releaseKeys(redis, keys, this.#owner)
    if (lost.isErr()) {
      diagnostics.emit('invalidation:failed', { keys: keys.length, error: lost.error })
      return
    }
    if (lost.value > 0) diagnostics.emit('invalidation:hold-lost', { keys: lost.value })
    diagnostics.emit('invalidation:release', { keys: keys.length, durationMs: clock.monotonic() - startedAt })
  }

  #issue(keys: readonly string[]): void {
    const { clock, redis } = this.#invalidation.parts
    const issuedAt = clock.monotonic()
    const isHeld = holdKeys(redis, keys, { owner: this.#owner, lifeMs: this.#lifeMs }).match(() => true, () => false)
    for (const key of keys) this.#holds.set(key, { issuedAt, isHeld })
  }
}
