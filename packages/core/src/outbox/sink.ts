import type { Failure } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import type { OutboxEvent } from './log/event.ts'

/**
 * Why a sink could not take an event. `retryable` failures back the sink off and burn no attempt;
 * permanent ones go to the dead letters at once. Dead letters keep the message and are grouped by
 * it, so it names the rule that was broken rather than the document that broke it.
 */
export type SinkFailure = Failure<'sink-failed'>

/**
 * What became of a batch: every event that is not listed was delivered. Later events of the same
 * aggregate in the batch are delivered again, after the one that failed.
 */
export interface SinkReport {
  /** The events that failed, by id, each with its reason. */
  readonly failed: readonly { readonly id: string; readonly failure: SinkFailure }[]
}

/** The report of a batch in which nothing failed. */
export const allDelivered: SinkReport = { failed: [] }

/** What a sink is told beside the events. */
export interface SinkContext {
  /** Aborted before the relay's lease on the shard ends; pass it to every call. */
  readonly signal: AbortSignal
  /**
   * The fence of the shard that an event of this batch lies in: rises whenever the shard changes
   * hands, so that a destination which keeps the highest one per shard can refuse a relay that was
   * paused and has lost the shard since.
   */
  readonly fence: (event: OutboxEvent) => bigint
}

/** A destination of events: MongoDB's activity log, the search index, a webhook. */
export interface Sink {
  /** Names the sink's cursor and dead letters; never change it. */
  readonly name: string
  /** The event types it wants: exact (`course.published`) or by prefix (`enrollment.*`). */
  readonly types: readonly string[]
  /**
   * `log`: every event, in order per aggregate. `state`: each aggregate once per batch, with its
   * newest event; the sink reloads the current row and writes that.
   */
  readonly mode: 'log' | 'state'
  /**
   * Where a sink that has never run starts.
   *
   * @defaultValue `'beginning'`
   */
  readonly startAt?: 'beginning' | 'head'
  /**
   * Events per batch, at most.
   *
   * @defaultValue `500`
   */
  readonly batchSize?: number
  /**
   * Time a batch may take, in milliseconds; then `signal` is aborted and the batch counts as a
   * retryable failure.
   *
   * @defaultValue `30_000`
   */
  readonly timeoutMs?: number
  /**
   * Takes a batch. Events of one aggregate arrive in order; the same event may arrive again, so
   * effects must be idempotent. An `Err` means that the whole batch failed: a retryable one backs
   * the sink off, a permanent one has the batch halved until the bad events are found. A throw is
   * taken for a mistake in the sink: the event that causes it is tried a few times, then given up.
   */
  handle(events: readonly OutboxEvent[], context: SinkContext): ResultAsync<SinkReport, SinkFailure>
}

/** The defaults of a {@link Sink}'s optional settings. */
export const sinkDefaults = {
  startAt: 'beginning',
  batchSize: 500,
  timeoutMs: 30_000,
} as const satisfies Required<Pick<Sink, 'startAt' | 'batchSize' | 'timeoutMs'>>

/**
 * Defines a sink; it is started by handing it to `createRelay`.
 *
 * @throws TypeError when a name, a type, a mode or a limit breaks a rule.
 */
export function defineSink(sink: Sink): Sink {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(sink.name))
    throw new TypeError(
      `a sink's name is kebab-case and at most 63 characters: got ${JSON.stringify(sink.name)}`,
    )
  if (sink.types.length === 0) throw new TypeError(`sink ${sink.name} wants no event type`)
  for (const type of sink.types) {
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*(\.\*)?$|^\*$/.test(type))
      throw new TypeError(
        `sink ${sink.name}: ${JSON.stringify(type)} is neither an event type nor a prefix such as "course.*"`,
      )
  }
  if (sink.mode !== 'log' && sink.mode !== 'state')
    throw new TypeError(
      `sink ${sink.name}: mode is "log" or "state": got ${JSON.stringify(sink.mode)}`,
    )
  const { batchSize, timeoutMs } = { ...sinkDefaults, ...sink }
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new TypeError(
      `sink ${sink.name}: batchSize is a whole number from 1 on: got ${batchSize}`,
    )
  if (!(timeoutMs > 0))
    throw new TypeError(`sink ${sink.name}: timeoutMs is positive: got ${timeoutMs}`)
  return sink
}
