import { FailureError } from '../failure/failure-error.ts'
import type { FoundIntent, Intents } from './intents.ts'
import type { Announce, InvalidationDeps } from './invalidation-deps.ts'
import { replaceMarker } from './marker.ts'
import type { Nonces } from '../stores/redis/nonces.ts'
import { releaseEnded } from './release.ts'

/** Dependencies of a {@link Settlement}. */
export interface SettlementDeps extends Pick<InvalidationDeps, 'redis' | 'clock' | 'diagnostics'> {
  /** What is settled. */
  readonly intents: Intents
  /** Names of flushes. */
  readonly nonces: Nonces
  /** Tells the processes that keep values of their own. */
  readonly announce: Announce
}

/** Makes up for invalidations that could not be sent to Redis. */
export class Settlement {
  readonly #deps: SettlementDeps

  constructor(deps: SettlementDeps) {
    this.#deps = deps
  }

  /**
   * Deletes the keys of intents whose transaction has ended, then the intents. Returns the ids of
   * those that are settled.
   */
  async settle(ended: readonly FoundIntent[]): Promise<ReadonlySet<string>> {
    const { redis, intents, diagnostics, announce } = this.#deps
    if (ended.length === 0) return new Set()
    const settled = await releaseEnded(redis, ended)
    if (settled.size > 0) {
      const keys = ended.filter(({ id }) => settled.has(id)).flatMap((intent) => intent.keys)
      if (!(await announce([...new Set(keys)]))) return new Set()
      await intents.remove([...settled])
      diagnostics.emit('invalidation:release', { keys: keys.length, durationMs: 0 })
    }
    return settled
  }

  /**
   * Settles all intents whose transaction has ended by one flush of the cache, however many they
   * are. Returns their number, `busy` when another process does so at this moment. Rejects with
   * `FailureError`.
   */
  async flush(oldAfterMs: number): Promise<number | 'busy'> {
    const { redis, clock, intents, nonces, diagnostics } = this.#deps
    const startedAt = clock.monotonic()
    const count = await intents.removeEnded(oldAfterMs, async () => {
      const flushed = await replaceMarker(redis, nonces.next())
      if (flushed.isErr()) throw new FailureError(flushed.error)
    })
    if (count !== 'busy' && count > 0)
      diagnostics.emit('invalidation:flush', {
        intents: count,
        durationMs: clock.monotonic() - startedAt,
      })
    return count
  }
}
