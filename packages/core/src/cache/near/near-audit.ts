import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import type { Cache } from '../cache.ts'
import type { ValueCodec } from '../codec.ts'
import type { LookupKey } from '../row-keys.ts'
import type { NearCache } from './near-cache.ts'

/** Dependencies of a {@link NearAudit}. */
export interface NearAuditDeps<Id, Value> {
  readonly cache: Cache<Id, Value>
  readonly near: NearCache<Value>
  readonly codec: ValueCodec<Value>
  /** The source of truth. */
  readonly sql: SqlClient
  /** Least time between two comparisons, in milliseconds. */
  readonly everyMs: number
  readonly clock: Clock
  readonly diagnostics: Diagnostics
}

/**
 * Compares a hit now and then with PostgreSQL, in the background. Every writer that takes part
 * drops a value before it commits, so one that is still kept when the row has been read is equal to
 * it: another tells of a writer that names no keys, or that does not take part.
 */
export class NearAudit<Id, Value> {
  readonly #deps: NearAuditDeps<Id, Value>
  #nextAt: number

  constructor(deps: NearAuditDeps<Id, Value>) {
    this.#deps = deps
    this.#nextAt = deps.clock.monotonic() + deps.everyMs * Math.random()
  }

  /** Compares this hit, if it is time. */
  hit(id: Id, key: LookupKey): void {
    const { clock, everyMs } = this.#deps
    const now = clock.monotonic()
    if (now < this.#nextAt) return
    this.#nextAt = now + everyMs
    // A codec that throws is reported by the reads.
    this.#compare(id, key).catch(() => undefined)
  }

  async #compare(id: Id, key: LookupKey): Promise<void> {
    const { cache, near, codec, sql, diagnostics } = this.#deps
    const before = near.kept(key)
    const read = await cache.get(id, { tx: sql })
    // An older release may have written the same value in other words.
    const loaded = read
      .andThen((value) => codec.encode(value))
      .andThen((row) => codec.copy(row))
      .andThen(({ value }) => codec.encode(value))
    if (before === undefined || loaded.isErr() || near.kept(key) !== before) return
    const isStale = loaded.value.payload !== near.payloadOf(before)
    diagnostics.emit('near:audit', { cache: cache.name, isStale })
  }
}
