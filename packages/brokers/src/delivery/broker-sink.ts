import * as z from 'zod/mini'
import { defineSink, option, ResultAsync } from '@headwater/core'
import type {
  OptionRules,
  OutboxEvent,
  Result,
  Sink,
  SinkFailure,
  SinkReport,
} from '@headwater/core'

/** Options that the sinks of all brokers share. */
export interface BrokerSinkOptions {
  /**
   * The `source` of the CloudEvents, a URI reference that names this application: `/shop`.
   * Consumers may rely on it; never change it.
   */
  readonly source: string
  /**
   * Names the sink's cursors and dead letters; never change it.
   *
   * @defaultValue the broker's name
   */
  readonly name?: string
  /**
   * The event types it takes: exact (`course.published`) or by prefix (`enrollment.*`).
   *
   * @defaultValue `['*']`
   */
  readonly types?: readonly string[]
  /**
   * The position at which a sink that has never run starts.
   *
   * @defaultValue `'beginning'`
   */
  readonly startAt?: 'beginning' | 'head'
  /**
   * The most events per batch, and so the most that are in flight.
   *
   * @defaultValue `1_000`
   */
  readonly batchSize?: number
  /**
   * Time for the broker to confirm a batch, in milliseconds. Then it counts as away, and the batch
   * is sent again.
   *
   * @defaultValue `10_000`
   */
  readonly timeoutMs?: number
}

/** The defaults of {@link BrokerSinkOptions}. */
export const brokerSinkDefaults = {
  types: ['*'],
  startAt: 'beginning',
  batchSize: 1_000,
  timeoutMs: 10_000,
} as const satisfies Omit<Required<BrokerSinkOptions>, 'source' | 'name'>

/**
 * The rules of the shared options; those of `defineSink` apply as well.
 *
 * @internal
 */
export const sinkRules = (): OptionRules<BrokerSinkOptions> => ({
  source: option.text(),
  name: z.optional(option.text()),
  types: z.optional(z.array(z.string('expected a text'), 'expected a list of event types')),
  startAt: z.optional(z.enum(['beginning', 'head'], 'expected "beginning" or "head"')),
  batchSize: z.optional(option.count()),
  timeoutMs: z.optional(option.durationMs()),
})

/** Sends a batch until the signal is aborted. */
export type SendBatch = (
  events: readonly OutboxEvent[],
  signal: AbortSignal,
) => Promise<Result<SinkReport, SinkFailure>>

/** The sink of one broker. */
export function brokerSink(
  options: BrokerSinkOptions & { readonly name: string },
  send: SendBatch,
): Sink {
  const { name, types, startAt, batchSize, timeoutMs } = { ...brokerSinkDefaults, ...options }
  return defineSink({
    name,
    types,
    mode: 'log',
    startAt,
    batchSize,
    timeoutMs,
    handle: (events, { signal }) => new ResultAsync(send(events, signal)),
  })
}
