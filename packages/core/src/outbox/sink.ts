import * as z from 'zod/mini'
import { checkOptions, option, strictOptions } from '../check-options.ts'
import type { Failure } from '../errors.ts'
import { once } from '../once.ts'
import { ok, ResultAsync } from '../result.ts'
import type { AsyncResult, Result } from '../result.ts'
import type { OutboxEvent } from './log/event.ts'
import type { RestorePoint } from './restore-point.ts'

/**
 * A sink's reason for not taking an event. `retryable` failures let the sink rest and count as no
 * attempt; permanent ones go to the dead letters at once. Dead letters keep the message and are
 * grouped by it: name the rule that was broken, not the document that broke it.
 */
export type SinkFailure = Failure<'sink-failed'>

/**
 * The outcome of a batch: every event that is not listed was delivered. Later events of a failed
 * one's aggregate are delivered again after it.
 */
export interface SinkReport {
  /** The events that failed, by id, each with its reason. */
  readonly failed: readonly { readonly id: string; readonly failure: SinkFailure }[]
}

/** The report of a batch in which nothing failed. */
export const allDelivered: SinkReport = { failed: [] }

/** The context of a batch. */
export interface SinkContext {
  /** Aborted before the relay's lease on the shard ends; pass it to every call. */
  readonly signal: AbortSignal
  /**
   * Returns the fence of an event's shard, which is incremented whenever the shard changes owner. A
   * destination that keeps the highest fence per shard can refuse a relay that was paused and has
   * lost the shard.
   */
  readonly fence: (event: OutboxEvent) => bigint
}

/** A destination of events: MongoDB's activity log, the search index, a webhook. */
export interface Sink {
  /** Names the sink's cursors and dead letters; never change it. */
  readonly name: string
  /** The event types it wants: exact (`course.published`) or by prefix (`enrollment.*`). */
  readonly types: readonly string[]
  /**
   * `log`: every event, in order per aggregate. `state`: each aggregate once per batch, with its
   * newest event; the sink reloads the current row and writes that.
   */
  readonly mode: 'log' | 'state'
  /**
   * The position at which a sink that has never run starts.
   *
   * @defaultValue `'beginning'`
   */
  readonly startAt?: 'beginning' | 'head'
  /**
   * The most events per batch.
   *
   * @defaultValue `500`
   */
  readonly batchSize?: number
  /**
   * Time limit of a batch, in milliseconds. Then `signal` is aborted and the batch counts as a
   * retryable failure.
   *
   * @defaultValue `30_000`
   */
  readonly timeoutMs?: number
  /**
   * Takes a batch. Events of one aggregate arrive in order; the same event may arrive again, so
   * effects must be idempotent. An `Err` means that the whole batch failed: after a retryable one
   * the sink rests, after a permanent one the batch is halved until the bad events are found. A
   * throw counts as a mistake of the sink: its event is tried a few times, then given up.
   */
  handle(events: readonly OutboxEvent[], context: SinkContext): ResultAsync<SinkReport, SinkFailure>
  /**
   * Hears of `resync` that PostgreSQL was restored from a backup: events that it took between the
   * two moments may never have happened. It may be called again for the same restore.
   *
   * @defaultValue nothing is told
   */
  readonly restored?: (point: RestorePoint) => Promise<void>
}

/** The defaults of a {@link Sink}'s optional settings. */
export const sinkDefaults = {
  startAt: 'beginning',
  batchSize: 500,
  timeoutMs: 30_000,
} as const satisfies Required<Pick<Sink, 'startAt' | 'batchSize' | 'timeoutMs'>>

/** A sink to define: a {@link Sink} whose `handle` may be a plain async function. */
export interface SinkDefinition extends Omit<Sink, 'handle'> {
  /**
   * Takes a batch, like {@link Sink.handle}. A function that resolves with nothing has delivered
   * every event; with a report, all but those it lists. What it throws is a failure of the batch: a
   * `FailureError` is retried or refused as its `retryable` says, and any other error counts as a
   * mistake of the sink.
   */
  handle(
    events: readonly OutboxEvent[],
    context: SinkContext,
  ): AsyncResult<SinkReport | void, SinkFailure> | Promise<SinkReport | void>
}

/**
 * Defines a sink, to be started by a relay.
 *
 * @throws {@link InvalidOptions} when a name, a type, a mode or a limit breaks a rule.
 * @example
 * ```ts
 * const webhook = defineSink({
 *   name: 'webhook',
 *   types: ['order.placed'],
 *   mode: 'log',
 *   handle: async (events, { signal }) => {
 *     await fetch(url, { method: 'POST', body: JSON.stringify(events), signal })
 *   },
 * })
 * ```
 */
export function defineSink(sink: SinkDefinition): Sink {
  const { startAt, batchSize, timeoutMs, restored, ...required } = checkOptions(
    'defineSink',
    sinkSchema(),
    sink,
  )
  return {
    ...required,
    ...(startAt !== undefined && { startAt }),
    ...(batchSize !== undefined && { batchSize }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(restored !== undefined && { restored }),
    handle: (events, context) =>
      new ResultAsync(reported(async () => sink.handle(events, context))),
  }
}

/** The outcome of a batch in the one form that the relay reads. */
async function reported(
  handle: () => Promise<Result<SinkReport | void, SinkFailure> | SinkReport | void>,
): Promise<Result<SinkReport, SinkFailure>> {
  const answer = await handle()
  if (answer === undefined) return ok(allDelivered)
  return 'failed' in answer ? ok(answer) : answer.map((report) => report ?? allDelivered)
}

const sinkSchema = once(() =>
  strictOptions<SinkDefinition>({
    handle: option.function(),
    name: z
      .string('expected a text')
      .check(z.regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected kebab-case of at most 63 characters')),
    types: z
      .array(
        z
          .string('expected a text')
          .check(
            z.regex(
              /^[a-z0-9-]+(\.[a-z0-9-]+)*(\.\*)?$|^\*$/,
              'expected an event type or a prefix such as "course.*"',
            ),
          ),
        'expected a list of event types',
      )
      .check(z.minLength(1, 'expected at least one event type')),
    mode: z.enum(['log', 'state'], 'expected "log" or "state"'),
    startAt: z.optional(z.enum(['beginning', 'head'], 'expected "beginning" or "head"')),
    batchSize: z.optional(option.count()),
    timeoutMs: z.optional(option.durationMs()),
    restored: z.optional(option.function()),
  }),
)
