import type { Stores } from '../connect/stores.ts'
import type { SqlError } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import { deadLetters, type DeadLetters } from './failures/dead-letters.ts'
import { parkedEvents, type ParkedEvents } from './failures/parked.ts'
import { checkOrigin, resetOutbox, type OutboxRestored, type ResetOptions } from './origin.ts'
import { outboxStatus, removeSink, type OutboxStatus } from './status.ts'

/** The operator's view of an outbox. Nothing here delivers: that is the relay's work. */
export interface Outbox {
  /** The events that sinks gave up. */
  readonly deadLetters: DeadLetters
  /** The events that sinks failed to take and will be given again. */
  readonly parked: ParkedEvents
  /**
   * Reports on every sink, whether or not a relay of this process serves it. Three round trips;
   * counting the lag reads one index entry per undelivered event.
   */
  status(): ResultAsync<OutboxStatus, SqlError>
  /**
   * Forgets a sink: its cursors, which hold back the purge, its parked events and its dead letters.
   * Stop the relays that run it first. Returns `false` when there is no such sink. One round trip.
   */
  removeSink(sink: string): ResultAsync<boolean, SqlError>
  /**
   * Fails with `outbox-restored` when the events come from another server, as after the restore of
   * a dump. It compares their transaction ids with the server's counter and, where the server
   * permits it, the system identifier with the last one seen. On a new timeline, as after a
   * failover, it fails as well when a transaction with events that was acknowledged is not on the
   * server, as far as this process or Redis has seen it; otherwise the timeline is noted, for
   * transaction ids continue across it. Three round trips.
   */
  checkOrigin(): ResultAsync<void, OutboxRestored | SqlError>
  /**
   * Makes an outbox usable again after {@link Outbox.checkOrigin} has refused it. Stop the relays
   * first. Locks the outbox until it is done and rewrites every row of it.
   */
  reset(options?: ResetOptions): ResultAsync<void, SqlError>
}

/**
 * Gives an operator access to the outbox of a database: its status, its dead letters, its sinks.
 *
 * @example
 * ```ts
 * const { sinks } = orThrow(await outbox(stores).status())
 * for (const { sink, lagMs, dead } of sinks) console.log(sink, lagMs, dead)
 * ```
 */
export function outbox(stores: Pick<Stores, 'postgres'>): Outbox {
  return {
    deadLetters: deadLetters(stores),
    parked: parkedEvents(stores),
    status: () => outboxStatus(stores),
    removeSink: (sink) => removeSink(stores, sink),
    checkOrigin: () => checkOrigin(stores).map(() => undefined),
    reset: (options) => resetOutbox(stores, options),
  }
}
