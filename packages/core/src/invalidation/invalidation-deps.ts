import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'

/** Dependencies of the invalidation of one set of stores. */
export interface InvalidationDeps {
  /** The source of truth, which also stores the intents. */
  readonly postgres: PostgresStore
  /** The server that stores the entries. */
  readonly redis: RedisStore
  /** Receives the diagnostics of the invalidation. */
  readonly diagnostics: Diagnostics
  /** Source of the time. */
  readonly clock: Clock
}

/**
 * Tells every process that answers with values of its own which keys change, once they are held.
 * Resolves with whether all have dropped them, or may answer no more; it never rejects.
 */
export type Announce = (keys: readonly string[]) => Promise<boolean>
