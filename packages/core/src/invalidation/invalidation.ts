import * as z from 'zod/mini'
import { option, strictOptions } from '../check-options.ts'
import type { StoreError } from '../errors.ts'
import { once } from '../once.ts'
import type { ResultAsync } from '../result.ts'
import { CacheId } from './cache-id.ts'
import { Gate } from './gate.ts'
import { Intents } from './intents.ts'
import type { Announce, InvalidationDeps } from './invalidation-deps.ts'
import { KeyChange } from './key-change.ts'
import { replaceMarker } from './marker.ts'
import type { NearOptions } from '../near/near-options.ts'
import { NearTier } from '../near/near-tier.ts'
import { Nonces } from '../stores/redis/nonces.ts'
import { ReadTurns } from '../stores/redis/reads/read-turns.ts'
import { Settlement } from './settlement.ts'

/** How the cache is kept in sync with PostgreSQL; passed to `connect` as `invalidation`. */
export interface InvalidationOptions {
  /**
   * Life of a hold whose writer died, in milliseconds. Readers of a held key go to PostgreSQL.
   *
   * @defaultValue `12_000`
   */
  readonly holdMs?: number
  /**
   * With `durable`, every invalidation is also written to PostgreSQL before the commit, so that it
   * survives a Redis that loses an acknowledged hold. Costs each writer one statement on another
   * connection.
   *
   * @defaultValue `'fast'`
   */
  readonly mode?: 'fast' | 'durable'
  /**
   * Pause between two looks for intents of writers that could not reach Redis, in milliseconds. It
   * bounds how old a value may be when only its writer cannot reach Redis. One small statement each
   * time.
   *
   * @defaultValue `750`
   */
  readonly lookEveryMs?: number
}

/** The defaults of {@link InvalidationOptions}. */
export const invalidationDefaults = {
  holdMs: 12_000,
  mode: 'fast',
  lookEveryMs: 750,
} as const satisfies Required<InvalidationOptions>

/** Rules of {@link InvalidationOptions}. */
export const invalidationRules = once(() =>
  strictOptions<InvalidationOptions>({
    holdMs: z.optional(option.durationMs()),
    mode: z.optional(z.enum(['fast', 'durable'], "expected 'fast' or 'durable'")),
    lookEveryMs: z.optional(option.timeoutMs()),
  }),
)

/** Keeps the cache of one set of stores in sync with PostgreSQL. One per `connect`. */
export class Invalidation {
  /** Options, with the defaults filled in. */
  readonly options: Required<InvalidationOptions>
  /** What the near tier of every cache does by default; `undefined` where it has none. */
  readonly nearOptions: NearOptions | undefined
  /** Ids of owners and leases. */
  readonly nonces = new Nonces()
  /** Invalidations that writers could not send to Redis. */
  readonly intents: Intents
  /** Reads what caches look at: in one turn of the event loop together. */
  readonly reads: ReadTurns
  /** Decides whether this process may trust the cache. */
  readonly gate: Gate
  readonly #deps: InvalidationDeps
  readonly #cacheId: CacheId
  readonly #pending = new Set<Promise<void>>()
  #near: NearTier | undefined
  readonly #cacheNames = new Set<string>()

  constructor(deps: InvalidationDeps, options: InvalidationOptions, near: NearOptions | undefined) {
    this.#deps = deps
    this.nearOptions = near
    this.options = {
      holdMs: options.holdMs ?? invalidationDefaults.holdMs,
      mode: options.mode ?? invalidationDefaults.mode,
      lookEveryMs: options.lookEveryMs ?? invalidationDefaults.lookEveryMs,
    }
    this.intents = new Intents(deps.postgres, deps.redis.keyPrefix)
    this.reads = new ReadTurns(deps.redis.usedFor('cache'))
    this.#cacheId = new CacheId(deps.redis, this.nonces)
    const settlement = new Settlement({
      ...deps,
      intents: this.intents,
      nonces: this.nonces,
      announce: this.#announce,
    })
    this.gate = new Gate(
      { ...deps, intents: this.intents, settlement, cacheId: this.#cacheId },
      this.options,
    )
    // Also where no cache is defined: its writers wait for the others.
    if (near !== undefined) this.startNear()
  }

  /** Whether reads may trust the cache. */
  get isOpen(): boolean {
    return this.gate.isOpen
  }

  /**
   * Names the server, its term as a primary and the last flush: 40 hexadecimal digits. Entries with
   * another id are misses. `undefined` while it is unknown.
   */
  get cacheId(): string | undefined {
    return this.#cacheId.text
  }

  /**
   * Begins a change of keys. `lifeMs` is the life of its holds without a release. A gate waits for
   * transactions under way for the life of an ordinary hold; a change that may take longer leaves
   * an intent, for which the gate waits too.
   */
  begin({ lifeMs = this.options.holdMs, waitsForId = false } = {}): KeyChange {
    const { holdMs, mode } = this.options
    return new KeyChange(
      { ...this.#deps, intents: this.intents, gate: this.gate, announce: this.#announce },
      {
        owner: this.nonces.next(),
        lifeMs,
        isDurable: mode === 'durable' || lifeMs > holdMs,
        waitsForId,
      },
    )
  }

  /**
   * Voids every entry of every cache: this process uses none of them from now on, others from their
   * next look on. One round trip.
   */
  voidAll(): ResultAsync<unknown, StoreError> {
    return replaceMarker(this.#deps.redis, this.nonces.next()).andTee(() => {
      this.gate.loseTrust()
    })
  }

  /** Begins to take part in the near tier, with a connection of its own; once for all callers. */
  startNear(): NearTier {
    this.#near ??= new NearTier({ ...this.#deps, trust: this, nonces: this.nonces })
    return this.#near
  }

  /** Reports a second cache of one name: each would serve what the other stored. */
  enlist(cache: string): void {
    if (this.#cacheNames.has(cache)) this.#deps.diagnostics.emit('cache:name-taken', { cache })
    this.#cacheNames.add(cache)
  }

  /** Lets work outlive the call that started it; {@link Invalidation.stop} waits for it. */
  background(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => {
      this.#deps.diagnostics.emit('invalidation:failed', { keys: 0, error })
    })
    this.#pending.add(tracked)
    void tracked.then(() => this.#pending.delete(tracked))
  }

  /** Stops the timers and waits for work under way. Never rejects. */
  async stop(): Promise<void> {
    await this.gate.stop()
    await Promise.all(this.#pending)
    await this.#near?.close()
  }

  readonly #announce: Announce = async (keys) => this.#near?.announce(keys) ?? true
}

/**
 * Creates the invalidation of one set of stores. `connect` calls it once, and calls
 * {@link Invalidation.stop} when `close` begins.
 */
export function createInvalidation(
  deps: InvalidationDeps,
  options: InvalidationOptions = {},
  near?: NearOptions,
): Invalidation {
  return new Invalidation(deps, options, near)
}
