import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { DeadlineExceeded, SqlError } from '../../errors.ts'
import { errAsync, type ResultAsync } from '../../result.ts'
import type { Stores } from '../../connect/stores.ts'
import { RelayProcess } from './relay-process.ts'
import type { Sink } from '../sink.ts'
import type { OutboxRestored } from '../origin.ts'

/** Options of {@link createRelay}. */
export interface RelayOptions {
  /** The sinks that this process serves. */
  readonly sinks: readonly Sink[]
  /**
   * Time after which the shards of a relay that died are taken over, in milliseconds. Three pulses
   * fit into it.
   *
   * @defaultValue `15_000`
   */
  readonly leaseMs?: number
  /**
   * Least time between two ticks while events are published, in milliseconds.
   *
   * @defaultValue `50`
   */
  readonly tickMs?: number
  /**
   * As many new events make a tick earlier.
   *
   * @defaultValue `2_000`
   */
  readonly tickEvents?: number
  /**
   * The longest pause between two looks at an idle outbox, in milliseconds: what an event waits for
   * at most that another process published.
   *
   * @defaultValue `250`
   */
  readonly maxPollMs?: number
  /**
   * Mistakes of a sink (throws) with one event before that is given up.
   *
   * @defaultValue `5`
   */
  readonly maxAttempts?: number
  /**
   * The longest rest of a sink that fails, in milliseconds.
   *
   * @defaultValue `30_000`
   */
  readonly maxBackOffMs?: number
  /**
   * Age from which delivered events may be deleted, in milliseconds.
   *
   * @defaultValue `259_200_000`, three days
   */
  readonly retentionMs?: number
  /**
   * Time between two purges, and between two looks how far each sink is behind, in milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly purgeMs?: number
}

/** The defaults of {@link RelayOptions}. */
export const relayDefaults = {
  leaseMs: 15_000,
  tickMs: 50,
  tickEvents: 2_000,
  maxPollMs: 250,
  maxAttempts: 5,
  maxBackOffMs: 30_000,
  retentionMs: 3 * 24 * 60 * 60_000,
  purgeMs: 60_000,
} as const satisfies Omit<Required<RelayOptions>, 'sinks'>

/** Time limit of `stop` and `drain`. */
export interface RelayDeadline {
  /**
   * In milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
}

/**
 * Takes what transactions publish to the sinks: nothing is lost, the events of an aggregate arrive
 * in order, and may arrive more than once.
 */
export interface Relay {
  /** Names this relay among others. */
  readonly owner: string
  /**
   * Starts delivering, in the background and through outages of PostgreSQL and the sinks; failures
   * go to the diagnostics. A relay that was stopped does not start again.
   */
  start(): void
  /**
   * Stops: batches under way may end within the deadline, are interrupted then and will be
   * delivered again. An `Err` says that a sink did not let go in time; its shards stay owned until
   * their lease ends.
   */
  stop(deadline?: RelayDeadline): ResultAsync<void, DeadlineExceeded>
  /**
   * Starts where need be, and waits until everything that was committed before the call has passed
   * every sink of this relay, delivered or set aside, by whichever process.
   */
  drain(deadline?: RelayDeadline): ResultAsync<void, DeadlineExceeded | SqlError | OutboxRestored>
  /** Why nothing is delivered, when the outbox came from another server; see `outbox(stores).reset`. */
  readonly refusal: OutboxRestored | undefined
}

/**
 * Creates the relay of this process for some sinks. Any number of processes may run one for the
 * same sinks: they share the shards, and take over those of one that dies. Stops by itself when the
 * stores are closed.
 *
 * @throws TypeError when an option breaks a rule or two sinks share a name.
 * @example
 * ```ts
 * const relay = createRelay(stores, { sinks: [activityLog, searchIndex] })
 * relay.start()
 * ```
 */
export function createRelay(stores: Stores, options: RelayOptions): Relay {
  const settings = check({ ...relayDefaults, ...options })
  const owner = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
  const running = new RelayProcess(stores, settings, owner)
  return {
    owner,
    start: () => {
      running.start()
    },
    stop: ({ deadlineMs = 5_000 } = {}) => running.stop(deadlineMs),
    drain: ({ deadlineMs = 5_000 } = {}) =>
      running.refusal === undefined ? running.drain(deadlineMs) : errAsync(running.refusal),
    get refusal() {
      return running.refusal
    },
  }
}

function check(settings: Required<RelayOptions>): Required<RelayOptions> {
  const { sinks, ...numbers } = settings
  const names = sinks.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TypeError(`a relay's sinks have names of their own: got ${twice} twice`)
  for (const [name, value] of Object.entries(numbers)) {
    if (!(Number.isFinite(value) && value > 0))
      throw new TypeError(`a relay's ${name} is a positive number: got ${value}`)
  }
  return settings
}
