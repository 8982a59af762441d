import { defineSink, err, isRowId, ok, ResultAsync } from '@headwater/core'
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

/** Dependencies of the index sink. */
export interface SyncedIndex {
  /** What became of each of these courses. Never rejects. */
  sync(courseIds: readonly number[], options: CallOptions): Promise<IndexOutcomes>
}

/**
 * Keeps the index in sync with PostgreSQL: whatever happens to a course, its current row is what is
 * written. An event is acknowledged after the index has acknowledged the write, so a crash in
 * between has it written again, to no effect.
 */
export function indexSink(index: SyncedIndex): Sink {
  return defineSink({
    name: 'search-index',
    types: ['course.*', 'enrollment.created', 'enrollment.withdrawn'],
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
  // When all fail for a passing reason it is the store that fails, and the whole batch waits for
  // it.
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
  return {
    type: 'sink-failed',
    message: `the course was not indexed: ${cause.type}${code}`,
    retryable: !isRefusalOfText(cause),
    cause,
  }
}

function notACourse({ aggregateType }: OutboxEvent): SinkFailure {
  return {
    type: 'sink-failed',
    message: `an event of ${aggregateType} is not an event of a course`,
    retryable: false,
  }
}
