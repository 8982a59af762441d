import type { StoreError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import type { Stores } from '../connect/stores.ts'
import {
  type AppliedRevocation,
  type ReplayScope,
  type Revocation,
  RevocationLog,
} from './revocation-log.ts'
import { forgetInRedis, revokeInRedis } from './revoke-in-redis.ts'

/** What revocations need of the stores. */
export type RevocationStores = Pick<Stores, 'postgres' | 'redis' | 'diagnostics'>

/**
 * Ends sessions for good: first in the log, which a restart of Redis does not touch, then in Redis,
 * where they live.
 */
export class Revocations {
  /** What is in PostgreSQL. */
  readonly log: RevocationLog
  readonly #stores: RevocationStores
  readonly #keepMs: number
  readonly #background = new Set<Promise<unknown>>()

  /** `keepMs`: how long a session can last. */
  constructor(stores: RevocationStores, keepMs: number) {
    this.#stores = stores
    this.#keepMs = keepMs
    this.log = new RevocationLog(stores.postgres, stores.redis.keyPrefix)
  }

  /**
   * Tells Redis what is written down and gives back how many sessions ended. That Redis has been
   * told is noted in the background.
   */
  async apply(revocations: readonly Revocation[]): Promise<Result<number, StoreError>> {
    const told = await revokeInRedis(this.#stores.redis, revocations, this.#keepMs + 120_000)
    if (told.isErr()) return err(told.error)
    const { applied, count } = told.value
    const untold = applied.filter((_, index) => revocations[index]?.isApplied === false)
    this.#later(this.#mark(untold), forgetInRedis(this.#stores.redis, revocations, applied))
    return ok(count)
  }

  /** Tells Redis about revocations again and gives back how many. */
  async replay(scope: ReplayScope): Promise<Result<number, StoreError>> {
    let count = 0
    for (let after = '0'; ;) {
      const page = await this.log.page(scope, after)
      if (page.isErr()) return err(page.error)
      const told = await this.apply(page.value)
      if (told.isErr()) return err(told.error)
      count += page.value.length
      if (this.log.isLast(page.value)) return ok(count)
      after = page.value.at(-1)?.id ?? after
    }
  }

  /** Removes revocations of sessions that would have ended by themselves. */
  async purge(): Promise<void> {
    const purged = await this.log.purge(this.#keepMs + 60_000)
    if (purged.isErr()) this.#report(purged.error)
  }

  /** Waits for what goes on in the background. */
  async settled(): Promise<void> {
    await Promise.all(this.#background)
  }

  async #mark(applied: readonly AppliedRevocation[]): Promise<void> {
    if (applied.length === 0) return
    const marked = await this.log.mark(applied)
    // Whoever looks next tells Redis once more, to no effect.
    if (marked.isErr()) this.#report(marked.error)
  }

  #later(...work: readonly Promise<unknown>[]): void {
    const tracked = Promise.all(work).catch((error: unknown) => {
      this.#report(error)
    })
    this.#background.add(tracked)
    void tracked.then(() => this.#background.delete(tracked))
  }

  #report(error: unknown): void {
    this.#stores.diagnostics.emit('session:revocation-failed', { error })
  }
}
