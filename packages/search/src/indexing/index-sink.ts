import { defineSink, err, isRowId, ok, ResultAsync, withCause } from '@headwater/core'
import type {
  CallOptions,
  OutboxEvent,
  Result,
  Sink,
  SinkFailure,
  SinkReport,
} from '@headwater/core'
import type { IndexError, IndexOutcomes } from './index-outcome.ts'
import { isRefusalOfText } from '../embedders/embed-each.ts'

/** An index that can be synced with courses. */
export interface SyncedIndex {
  /** Brings the index in sync with these courses and returns each outcome. Never rejects. */
  sync(courseIds: readonly number[], options: CallOptions): Promise<IndexOutcomes>
}

/**
 * Keeps the index in sync with PostgreSQL: every event of a course writes its current row. An event
 * is acknowledged after the index has acknowledged the write; a crash in between repeats the write,
 * without effect.
 */
export function indexSink(index: SyncedIndex): Sink {
  return defineSink({
    name: 'search-index',
    types: [
      'course.*',
      'enrollment.created',
      'enrollment.withdrawn',
      'waitlist.offered',
      'waitlist.lapsed',
      'waitlist.left',
    ],
    mode: 'state',
    batchSize: 200,
    handle: (events, { signal }) => new ResultAsync(deliver(index, events, signal)),
  })
}

async function deliver(
  index: SyncedIndex,
  events: readonly OutboxEvent[],
  signal: AbortSignal,
): Promise<Result<SinkReport, SinkFailure>> {
  const outcomes = await index.sync(
    events.flatMap((event) => courseOf(event) ?? []),
    { signal },
  )
  const failed = events.flatMap((event) => {
    const courseId = courseOf(event)
    if (courseId === undefined) return [{ id: event.id, failure: notACourse(event) }]
    const outcome = outcomes.get(courseId)
    return outcome?.isErr() === true ? [{ id: event.id, failure: failureOf(outcome.error) }] : []
  })
  // When all events fail for a transient reason, the store is failing: the whole batch waits.
  const [first] = failed
  if (
    first !== undefined &&
    failed.length === events.length &&
    failed.every(({ failure }) => failure.retryable)
  )
    return err(first.failure)
  return ok({ failed })
}

function courseOf({ aggregateType, aggregateId }: OutboxEvent): number | undefined {
  return aggregateType === 'course' &&
    /^[1-9]\d{0,9}$/.test(aggregateId) &&
    isRowId(Number(aggregateId))
    ? Number(aggregateId)
    : undefined
}

function failureOf(cause: IndexError): SinkFailure {
  const code = 'code' in cause && cause.code !== undefined ? ` (${cause.code})` : ''
  const failure: SinkFailure = {
    type: 'sink-failed',
    message: `the course was not indexed: ${cause.type}${code}`,
    retryable: !isRefusalOfText(cause),
  }
  return withCause(failure, cause)
}

function notACourse({ aggregateType }: OutboxEvent): SinkFailure {
  return {
    type: 'sink-failed',
    message: `an event of ${aggregateType} is not an event of a course`,
    retryable: false,
  }
}
