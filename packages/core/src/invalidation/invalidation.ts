import type { Clock } from '../clock.ts'
import type { Diagnostics } from '../diagnostics.ts'
import type { PostgresStore } from '../stores/postgres/postgres-store.ts'
import type { RedisStore } from '../stores/redis/redis-store.ts'
import { Gate } from './gate.ts'
import { Intents } from './intents.ts'
import { KeyChange } from './key-change.ts'
import { Nonces } from './nonces.ts'

/** Options of the invalidation, handed to `connect`. */
export interface InvalidationOptions {
  /**
   * How long a hold outlives a writer that died, in milliseconds. Readers of a held key go to
   * PostgreSQL.
   *
   * @defaultValue `12_000`
   */
  readonly holdMs?: number
  /**
   * `durable`: every invalidation is also written down in PostgreSQL before the commit, so that it
   * survives a Redis that loses a hold it had acknowledged. Costs each writer one statement on a
   * connection of its own.
   *
   * @defaultValue `'fast'`
   */
  readonly invalidation?: 'fast' | 'durable'
  /**
   * How often a process looks for intents of writers that could not reach Redis, in milliseconds:
   * the longest that a value may be old when Redis cannot be reached by its writer only. One small
   * statement each time.
   *
   * @defaultValue `750`
   */
  readonly lookEveryMs?: number
}

/** The defaults of {@link InvalidationOptions}. */
export const invalidationDefaults = {
  holdMs: 12_000,
  invalidation: 'fast',
  lookEveryMs: 750,
} as const satisfies Required<InvalidationOptions>

/** What the invalidation of one set of stores is made of. */
export interface InvalidationParts {
  /** The source of truth, for intents. */
  readonly postgres: PostgresStore
  /** Where the entries are. */
  readonly redis: RedisStore
  /** Where it reports. */
  readonly diagnostics: Diagnostics
  /** Where it takes the time from. */
  readonly clock: Clock
}

/**
 * Keeps the cache of one set of stores in step with PostgreSQL: one per `connect`, created by
 * {@link createInvalidation}.
 */
export class Invalidation {
  /** What it is made of. */
  readonly parts: InvalidationParts
  /** Its options, with the defaults filled in. */
  readonly options: Required<InvalidationOptions>
  /** Ids of owners and leases. */
  readonly nonces = new Nonces()
  /** What writers could not tell Redis. */
  readonly intents: Intents
  /** Whether this process may trust the cache. */
  readonly gate: Gate
  readonly #pending = new Set<Promise<void>>()

  constructor(parts: InvalidationParts, options: InvalidationOptions) {
    this.parts = parts
    this.options = {
      holdMs: options.holdMs ?? invalidationDefaults.holdMs,
      invalidation: options.invalidation ?? invalidationDefaults.invalidation,
      lookEveryMs: options.lookEveryMs ?? invalidationDefaults.lookEveryMs,
    }
    this.intents = new Intents(parts.postgres, parts.redis.keyPrefix)
    this.gate = new Gate(parts, this.intents, this.options)
  }

  /** Whether reads may trust the cache. */
  get isOpen(): boolean {
    return this.gate.isOpen
  }

  /** Begins a change of keys. `lifeMs`: how long its holds last without a release. */
  begin(lifeMs: number = this.options.holdMs): KeyChange {
    return new KeyChange(this, lifeMs)
  }

  /** Lets something go on beyond the call that began it; {@link Invalidation.stop} waits for it. */
  background(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => {
      this.parts.diagnostics.emit('invalidation:failed', { keys: 0, error })
    })
    this.#pending.add(tracked)
    void tracked.then(() => this.#pending.delete(tracked))
  }

  /** Ends its timers and waits for what is under way. Never rejects. */
  async stop(): Promise<void> {
    await this.gate.stop()
    await Promise.all(this.#pending)
  }
}

/**
 * Creates the invalidation of one set of stores: `connect` calls it once, with the stores it has
 * opened, and calls {@link Invalidation.stop} when `close` begins.
 */
export function createInvalidation(
  parts: InvalidationParts,
  options: InvalidationOptions = {},
): Invalidation {
  return new Invalidation(parts, options)
}
