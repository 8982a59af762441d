import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Stores } from '../../connect/stores.ts'
import type { DeadlineExceeded, SqlError } from '../../errors.ts'
import { errAsync, type ResultAsync } from '../../result.ts'
import type { OutboxRestored } from '../origin.ts'
import {
  relayDeadlineMs,
  relaySettings,
  type RelayDeadline,
  type RelayOptions,
} from './relay-options.ts'
import { watchForStart } from './forgotten-start.ts'
import { RelayProcess } from './relay-process.ts'

/**
 * Delivers published events to the sinks. None is lost, the events of an aggregate arrive in order,
 * and an event may arrive more than once.
 */
export interface Relay {
  /** Names this relay among others. */
  readonly owner: string
  /**
   * Starts delivering in the background, through outages of PostgreSQL and the sinks; failures go
   * to the diagnostics. A relay that was stopped does not start again.
   */
  start(): void
  /**
   * Stops. Batches in progress may end within the deadline; then they are interrupted and will be
   * delivered again. An `Err` means that a sink did not return in time: its shards stay owned until
   * their lease ends.
   */
  stop(deadline?: RelayDeadline): ResultAsync<void, DeadlineExceeded>
  /**
   * Starts if need be, and waits until everything committed before the call has passed every sink
   * of this relay, delivered or set aside, by whichever process.
   */
  drain(deadline?: RelayDeadline): ResultAsync<void, DeadlineExceeded | SqlError | OutboxRestored>
  /**
   * The reason why nothing is delivered when the outbox came from another server; see
   * {@link Outbox.reset}.
   */
  readonly refusal: OutboxRestored | undefined
}

/**
 * Creates the relay of this process for some sinks. Any number of processes may run one for the
 * same sinks: they share the shards, and take over those of one that dies. It stops by itself when
 * the stores are closed.
 *
 * @throws {@link InvalidOptions} when an option breaks a rule or two sinks share a name.
 * @example
 * ```ts
 * const relay = createRelay(stores, { sinks: [activityLog, searchIndex] })
 * relay.start()
 * ```
 */
export function createRelay(stores: Stores, options: RelayOptions): Relay {
  const settings = relaySettings(options)
  const owner = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
  const running = new RelayProcess(stores, settings, owner)
  const endWatch = watchForStart(stores, owner)
  return {
    owner,
    start: () => {
      endWatch()
      running.start()
    },
    stop: (options) => {
      const deadlineMs = relayDeadlineMs('relay.stop', options)
      endWatch()
      return running.stop(deadlineMs)
    },
    drain: (options) => {
      const deadlineMs = relayDeadlineMs('relay.drain', options)
      endWatch()
      return running.refusal === undefined ? running.drain(deadlineMs) : errAsync(running.refusal)
    },
    get refusal() {
      return running.refusal
    },
  }
}
