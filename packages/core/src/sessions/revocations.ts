import type { Stores } from '../connect/stores.ts'
import type { StoreError } from '../errors.ts'
import { err, ok, type Result } from '../result.ts'
import { type AppliedRevocations, applyInRedis, forgetInRedis } from './apply-in-redis.ts'
import { type AppliedRevocation, type Revocation, RevocationLog } from './revocation-log.ts'
import type { ReapplyScope } from './revocation-queries.ts'

/** The stores that revocations need. */
export type RevocationStores = Pick<Stores, 'postgres' | 'redis' | 'diagnostics' | 'clock'>

/**
 * Time for which an index outlives the sessions of a revocation. Longer than the log keeps it, with
 * an hour between two purges: a session that began without the index would be of an epoch that, by
 * the log, has ended.
 */
const indexSurplusMs = 86_400_000

/**
 * Ends sessions for good: first in PostgreSQL's log, which outlives a restart of Redis, then in
 * Redis, where they are stored.
 */
export class Revocations {
  /** The log in PostgreSQL. */
  readonly log: RevocationLog
  readonly #stores: RevocationStores
  readonly #keepMs: number
  #horizon: { readonly text: string; readonly atMs: number } | undefined
  readonly #background = new Set<Promise<unknown>>()

  /** `keepMs` is the longest life of a session. */
  constructor(stores: RevocationStores, keepMs: number) {
    this.#stores = stores
    this.#keepMs = keepMs
    this.log = new RevocationLog(stores.postgres, stores.redis.keyPrefix)
  }

  /**
   * Applies written revocations in Redis and returns the number of sessions that ended, and the
   * epochs that began. Notes them as applied in the background.
   */
  async apply(revocations: readonly Revocation[]): Promise<Result<AppliedRevocations, StoreError>> {
    const result = await applyInRedis(
      this.#stores.redis,
      revocations,
      this.#keepMs + indexSurplusMs,
    )
    if (result.isErr()) return err(result.error)
    const { applied } = result.value
    const unmarked = applied.filter((_, at) => revocations[at]?.isApplied === false)
    this.#inBackground(
      this.#mark(unmarked),
      forgetInRedis(this.#stores.redis, revocations, applied),
    )
    return result
  }

  /** Applies revocations of the log again and returns their number. */
  async reapply(scope: ReapplyScope): Promise<Result<number, StoreError>> {
    let count = 0
    for (let reading = this.log.page(scope, '0'); ;) {
      const page = await reading
      if (page.isErr()) return err(page.error)
      const isLast = this.log.isLast(page.value)
      // PostgreSQL reads the next page while Redis applies this one.
      if (!isLast) reading = this.log.page(scope, page.value.at(-1)?.id ?? '0')
      const applied = await this.apply(page.value)
      if (applied.isErr()) return err(applied.error)
      count += page.value.length
      if (isLast) return ok(count)
    }
  }

  /**
   * Deletes revocations of sessions that have expired since; from the second call on. The first
   * reads PostgreSQL's clock: were it set forward later, no revocation would be old before its
   * time.
   */
  async purge(): Promise<void> {
    const ageMs = this.#keepMs + 60_000
    const atMs = this.#stores.clock.monotonic()
    if (this.#horizon === undefined) {
      const read = await this.log.horizon(ageMs)
      if (read.isErr()) this.#report(read.error)
      else this.#horizon = { text: read.value, atMs }
      return
    }
    const { text: horizon, atMs: readAtMs } = this.#horizon
    const purged = await this.log.purge({ ageMs, horizon, sinceMs: atMs - readAtMs })
    if (purged.isErr()) this.#report(purged.error)
  }

  /** Waits for the work in the background. */
  async settled(): Promise<void> {
    await Promise.all(this.#background)
  }

  async #mark(applied: readonly AppliedRevocation[]): Promise<void> {
    if (applied.length === 0) return
    const marked = await this.log.mark(applied)
    // The next look applies them once more, to no effect.
    if (marked.isErr()) this.#report(marked.error)
  }

  #inBackground(...work: readonly Promise<unknown>[]): void {
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
