import * as z from 'zod/mini'
import { checkOptions, invalidOption, option, strictOptions } from '../../check-options.ts'
import { once } from '../../once.ts'
import type { Sink } from '../sink.ts'

/** Options of {@link createRelay}. */
export interface RelayOptions {
  /** The sinks that this process serves. */
  readonly sinks: readonly Sink[]
  /**
   * Time after which the shards of a relay that died are taken over, in milliseconds. A relay
   * renews its leases three times in it.
   *
   * @defaultValue `15_000`
   */
  readonly leaseMs?: number
  /**
   * Shortest time between two ticks while events are published, in milliseconds.
   *
   * @defaultValue `50`
   */
  readonly tickMs?: number
  /**
   * This many new events make a tick earlier.
   *
   * @defaultValue `2_000`
   */
  readonly tickEvents?: number
  /**
   * The longest pause between two looks at an idle outbox, in milliseconds. Redis tells of the
   * commits of other processes within a few milliseconds; where such a hint is lost, an event waits
   * at most this long.
   *
   * @defaultValue `250`
   */
  readonly maxPollMs?: number
  /**
   * Mistakes of a sink (throws) with one event before the event is given up.
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
   * Time between two purges, each followed by a look at how far behind every sink is, in
   * milliseconds.
   *
   * @defaultValue `60_000`
   */
  readonly purgeMs?: number
}

/** Time limit of `stop` and `drain`. */
export interface RelayDeadline {
  /**
   * In milliseconds.
   *
   * @defaultValue `5_000`
   */
  readonly deadlineMs?: number
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

/** The options of a relay, complete and checked. */
export type RelaySettings = Required<RelayOptions>

export function relaySettings(options: RelayOptions): RelaySettings {
  const settings = checkOptions('createRelay', relaySchema(), { ...relayDefaults, ...options })
  const names = settings.sinks.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw invalidOption('createRelay', 'sinks', 'expected each sink to have its own name', twice)
  return settings
}

const sinkRule = once(() =>
  z.custom<Sink>(
    (sink) => typeof sink === 'object' && sink !== null && 'handle' in sink,
    'expected what defineSink returns',
  ),
)

const relaySchema = once(() =>
  strictOptions<RelayOptions>({
    sinks: z.array(sinkRule(), 'expected the list of sinks to deliver to'),
    leaseMs: option.timeoutMs(),
    tickMs: option.timeoutMs(),
    tickEvents: option.count(),
    maxPollMs: option.timeoutMs(),
    maxAttempts: option.count(),
    maxBackOffMs: option.timeoutMs(),
    retentionMs: option.durationMs(),
    purgeMs: option.timeoutMs(),
  }),
)

/** The time limit of `stop` or `drain`, checked. */
export function relayDeadlineMs(of: string, options: RelayDeadline = {}): number {
  return checkOptions(of, deadlineRules(), { deadlineMs: 5_000, ...options }).deadlineMs
}

const deadlineRules = once(() => strictOptions<RelayDeadline>({ deadlineMs: option.durationMs() }))
