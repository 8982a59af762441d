import type { Failure } from '../errors.ts'
import type { ResultAsync } from '../result.ts'
import type { OutboxEvent } from './event.ts'

/**
 * Why a sink could not take an event. `retryable` failures back the whole sink off and burn no attempt; permanent ones go to the dead
 * letters at once.
 */
export type SinkFailure = Failure<'sink-failed'>

/**
 * What became of a batch: every event that is not listed was delivered.
 */
export interface SinkReport {
  /**
   * The events that failed, by id, each with its reason.
   */
  readonly failed: readonly { readonly id: string; readonly failure: SinkFailure }[]
}

/**
 * The report of a batch in which nothing failed.
 */
export const allDelivered: SinkReport = { failed: [] }

/**
 * What a sink is told beside the events.
 */
export interface SinkContext {
  /**
   * Aborted before the relay's lease on the shard ends; pass it to every call.
   */
  readonly signal: AbortSignal
  /**
   * Rises whenever the shard changes hands.
   */
  readonly fence: bigint
}

/**
 * A destination of events: MongoDB's activity log, the search index, a webhook.
 */
export interface Sink {
  /**
   * Names the sink's cursor and dead letters; never change it.
   */
  readonly name: string
  /**
   * The event types it wants: exact (`course.published`) or by prefix (`enrollment.*`).
   */
  readonly types: readonly string[]
  /**
   * `log`: every event, in order per aggregate. `state`: each aggregate once per batch, with its newest event; the sink reloads the
   * current row and writes that.
   */
  readonly mode: 'log' | 'state'
  /**
   * Where a sink that has never run starts.
   *
   * @defaultValue `'beginning'`
   */
  readonly startAt?: 'beginning' | 'head'
  /**
   * Takes a batch. Events of one aggregate arrive in order; the same event may arrive again, so effects must be idempotent. An `Err` means
   * that the whole batch failed.
   */
  handle(events: readonly OutboxEvent[], context: SinkContext): ResultAsync<SinkReport, SinkFailure>
}

/**
 * Defines a sink; it is started by handing it to `createRelay`.
 *
 * @throws TypeError when a name, a type or a mode breaks a rule.
 */
export function defineSink(sink: Sink): Sink {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(sink.name)) throw new TypeError(`a sink's name is kebab-case and at most 63 characters: got ${JSON.stringify(sink.name)}`)
  if (sink.types.length === 0) throw new TypeError(`sink ${sink.name} wants no event type`)
  for (const type of sink.types) {
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*(\.\*)?$|^\*$/.test(type)) throw new TypeError(`sink ${sink.name}: ${JSON.stringify(type)} is neither an event type nor a prefix such as "course.*"`)
  }
  return sink
}
