import type { StoreName } from './errors.ts'
import { Tracing } from './tracing/tracing.ts'

/** Everything the SDK reports about itself, by name. Durations are in milliseconds. */
export interface DiagnosticEvents {
  /** A store was asked something; `outcome` is `ok` or the failure's type. */
  'store:operation': { store: StoreName; operation: string; durationMs: number; outcome: string }
  /** A client of a store reported an error outside any call. */
  'store:error': { store: StoreName; error: unknown }
  /** A store's breaker opened or closed; Redis has one for each `use`. */
  'breaker:transition': {
    store: StoreName
    state: 'open' | 'half-open' | 'closed'
    use?: 'cache' | 'invalidation' | 'sessions' | 'rate-limits'
  }
  /**
   * What a replica of PostgreSQL is, by a look at it, whenever that changes: only a `usable` one is
   * asked what must be fresh. `replica` is its place in the option `replicas`.
   */
  'replica:state': {
    replica: number
    state: 'usable' | 'lagging' | 'down' | 'not-standby' | 'other-system' | 'other-timeline'
  }
  /** A connection to a replica reported an error by itself, between reads or during one. */
  'replica:error': { replica: number; error: unknown }
  /** A replica answered a read; the time includes the wait for it. */
  'replica:read': { replica: number; durationMs: number }
  /**
   * The primary answered a read that a replica might have answered. The replicas were not as they
   * should be (as in `replica:state`), had no connection free (`busy`), did not begin to answer
   * (`silent`) or could not carry out the statement (`failed`); the read was a loader's
   * (`cache-load`) or did not say how fresh (`no-bound`); its position was of a history that a
   * failover has ended (`other-history`); or the primary was not looked at recently enough
   * (`lag-unknown`) or ever (`primary-unknown`).
   */
  'replica:passed-over': {
    reason:
      | 'lagging'
      | 'down'
      | 'not-standby'
      | 'other-system'
      | 'other-timeline'
      | 'busy'
      | 'silent'
      | 'failed'
      | 'cache-load'
      | 'no-bound'
      | 'other-history'
      | 'lag-unknown'
      | 'primary-unknown'
  }
  /** Entries were found in the cache. */
  'cache:hit': { cache: string; count: number }
  /** Entries were not found in the cache. */
  'cache:miss': { cache: string; count: number }
  /** Values were stored in the cache. */
  'cache:fill': { cache: string; count: number }
  /** Loaded values were not stored because a writer or another reader had the key. */
  'cache:fill-rejected': { cache: string; count: number }
  /** Rows were asked for from the source of a cache; `outcome` is `ok` or the failure's type. */
  'cache:load': { cache: string; count: number; durationMs: number; outcome: string }
  /** A reader waited for another reader's fill. */
  'cache:wait': { cache: string; durationMs: number }
  /** An expired value answered because its source was down. */
  'cache:stale-served': { cache: string; ageMs: number }
  /** An entry could not be read and was treated as a miss. */
  'cache:entry-rejected': { cache: string; reason: string }
  /**
   * A read passed the cache by: Redis failed (the failure's type, `gate-closed`, `server-unknown`),
   * or a writer is changing what was read (`held`, `tag-held`), or another reader's load was too
   * slow or unsafe to share (`waited`, `refresh`, `nested`).
   */
  'cache:bypass': { cache: string; reason: string }
  /** A second cache was defined with the name of another: each serves what the other stored. */
  'cache:name-taken': { cache: string }
  /** Values that this process keeps itself answered, without a round trip. */
  'near:hit': { cache: string; count: number }
  /** Values that this process kept were dropped, because a writer is about to change them. */
  'near:drop': { count: number }
  /**
   * A value was not kept: a writer announced a change while it was read, or this process was no
   * member all the time.
   */
  'near:fill-refused': { cache: string }
  /** This process may keep values of a cache from now on. */
  'near:join': { cache: string }
  /** This process dropped all that it kept, and joins anew. */
  'near:leave': {
    reason:
      | 'connection-lost'
      | 'removed'
      | 'other-server'
      | 'flushed'
      | 'gate-closed'
      | 'clock-jumped'
      | 'unreadable'
      | 'closed'
  }
  /** A writer waited until members had dropped what it changes; `missing` of them did not say. */
  'near:wait': { cache: string; members: number; missing: number; durationMs: number }
  /**
   * A kept value was compared with its row. Where it is stale, a writer did not name its key, or
   * has no `near`.
   */
  'near:audit': { cache: string; isStale: boolean }
  /** A member that did not answer a writer was removed, so that no other writer waits for it. */
  'near:removed': { cache: string }
  /** A writer announced a change of keys. */
  'invalidation:hold': { keys: number; durationMs: number }
  /** A writer's hold was gone before its release. */
  'invalidation:hold-lost': { keys: number }
  /** Keys were released after a commit or rollback. */
  'invalidation:release': { keys: number; durationMs: number }
  /** Invalidation could not reach Redis and was written down in PostgreSQL. */
  'invalidation:intent': { keys: number }
  /** Invalidations that waited in PostgreSQL were made up for by a flush of the whole cache. */
  'invalidation:flush': { intents: number; durationMs: number }
  /** The process stopped or resumed trusting the cache. */
  'invalidation:gate': { state: 'closed' | 'open' }
  /** An invalidation failed and will be made up for. */
  'invalidation:failed': { keys: number; error: unknown }
  /** A transaction ended. */
  'transaction:end': {
    outcome: 'committed' | 'rolled-back' | 'unknown'
    durationMs: number
    retries: number
  }
  /**
   * PostgreSQL lacks a transaction whose commit was acknowledged, on `timeline`: a standby that
   * lagged was promoted, to `newTimeline`. All that was committed after it is lost as well.
   */
  'transaction:lost': { transactionId: string; timeline: number; newTimeline: number }
  /** Events were published by a committed transaction. */
  'outbox:published': { count: number }
  /** A sink took events. */
  'outbox:delivered': { sink: string; count: number; durationMs: number; lagMs: number }
  /** A sink failed to take events. */
  'outbox:failed': { sink: string; count: number; retryable: boolean; error: unknown }
  /** An aggregate's events were set aside for one sink. */
  'outbox:parked': { sink: string; aggregateType: string; aggregateId: string }
  /** An event was given up. */
  'outbox:dead': { sink: string; eventId: string; error: unknown }
  /**
   * A relay looked how far a sink is behind, as it does whenever it purges; 0 when the sink has
   * everything.
   */
  'outbox:behind': { sink: string; behindMs: number }
  /**
   * Events were published ten seconds ago, and the relay that was made with `createRelay` has not
   * been started.
   */
  'relay:not-started': { owner: string }
  /** A consumer failed to handle an event of a broker, which will be tried again. */
  'consume:failed': { consumer: string; eventId: string; error: unknown }
  /** A consumer gave up an event or, without an id, a message that is none. */
  'consume:dead': { consumer: string; eventId: string; error: unknown }
  /** A consumer lost its broker, or a message could not be settled; it will go on. */
  'consume:error': { consumer: string; error: unknown }
  /** The relay's own loop failed and will go on. */
  'relay:error': { error: unknown }
  /** Activity was recorded, flushed or lost. */
  'activity:flush': { count: number; durationMs: number; outcome: string }
  /** Activity events could not be stored and were dropped. */
  'activity:dropped': { count: number; reason: string }
  /** A search was answered. */
  'search:answered': { mode: string; cached: boolean; results: number; durationMs: number }
  /** A leg of a search answered or failed; `outcome` is `ok` or the failure's type. */
  'search:leg': { leg: string; durationMs: number; outcome: string }
  /** A leg of a search failed and the answer went on without it. */
  'search:degraded': { leg: string; error: unknown }
  /** Texts were embedded; the service counted so many `tokens`, where it says. */
  'search:embedded': { model: string; texts: number; tokens: number }
  /** The index was compared with PostgreSQL, to its end; the numbers are of what differs. */
  'search:verified': {
    generation: string
    missing: number
    orphaned: number
    stale: number
    wrongGeneration: number
  }
  /** A session began. */
  'session:started': { count: number }
  /** Sessions were revoked, and Redis has forgotten them. */
  'session:revoked': { count: number }
  /** Revocations that Redis may have missed were applied: all, or those not noted as applied. */
  'session:reapplied': { scope: 'all' | 'pending'; count: number }
  /** A revocation could not be applied in Redis, or not noted as applied; it is retried. */
  'session:revocation-failed': { error: unknown }
  /**
   * A step of a migration that is applied online begins or is done; `rows` is about how many rows
   * its table has.
   */
  'migration:step': {
    file: string
    step: 'build-index' | 'drop-index' | 'batches'
    rows: number
    state: 'begun' | 'done'
    durationMs: number
  }
  /** A request was counted by a limit, or refused. */
  'rate-limit:taken': { limit: string; isAllowed: boolean }
  /** The limiter answered from memory because Redis failed. */
  'rate-limit:fallback': { error: unknown }
  /** A listener of the diagnostics threw, or, under the name `tracing`, a tracer did. */
  'diagnostics:listener-failed': { name: string; error: unknown }
}

/** Name of a diagnostic. */
export type DiagnosticName = keyof DiagnosticEvents

/** A diagnostic with its name. */
export type Diagnostic = {
  [Name in DiagnosticName]: { readonly name: Name; readonly event: DiagnosticEvents[Name] }
}[DiagnosticName]

type Listener<Name extends DiagnosticName> = (event: DiagnosticEvents[Name]) => void

/**
 * What the SDK has to say about itself: subscribe with `on`. A listener runs synchronously and must
 * be quick; one that throws is reported as `diagnostics:listener-failed` and harms nobody else.
 */
export class Diagnostics {
  /** Tells tracers of work when it begins and when it ends. */
  readonly tracing = new Tracing((error) => {
    this.emit('diagnostics:listener-failed', { name: 'tracing', error })
  })
  readonly #listeners = new Map<DiagnosticName, Set<Listener<never>>>()
  readonly #anyListeners = new Set<(diagnostic: Diagnostic) => void>()

  /** Calls `listener` at every occurrence of `name`; the returned function ends that. */
  on<Name extends DiagnosticName>(
    name: Name,
    listener: (event: DiagnosticEvents[Name]) => void,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  /**
   * Calls `listener` at every occurrence of anything; the returned function ends that. Hot paths
   * then report what they otherwise spare: prefer `on` for what you need.
   */
  onAny(listener: (diagnostic: Diagnostic) => void): () => void {
    this.#anyListeners.add(listener)
    return () => {
      this.#anyListeners.delete(listener)
    }
  }

  /** Whether anybody listens to `name`: lets a hot path spare what only a listener would see. */
  isHeard(name: DiagnosticName): boolean {
    return this.#anyListeners.size > 0 || (this.#listeners.get(name)?.size ?? 0) > 0
  }

  /** Reports an occurrence. */
  emit<Name extends DiagnosticName>(name: Name, event: DiagnosticEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? [])
      this.#call(name, () => {
        ;(listener as Listener<Name>)(event)
      })
    for (const listener of this.#anyListeners)
      this.#call(name, () => {
        listener({ name, event } as Diagnostic)
      })
  }

  #call(name: DiagnosticName, listener: () => void): void {
    try {
      listener()
    } catch (error) {
      if (name !== 'diagnostics:listener-failed')
        this.emit('diagnostics:listener-failed', { name, error })
    }
  }
}
