import type { Answer } from './deliver.ts'
import { Interruption } from './shard-lease.ts'
import type { LoggedEvent } from '../log/read-events.ts'
import type { Sink, SinkContext, SinkFailure } from '../sink.ts'

/** How long a sink may take to notice that its signal was aborted, in milliseconds. */
const graceMs = 1_000

/**
 * Calls a sink with one batch and puts its answer into one of four kinds. Never rejects. A sink
 * that has not ended soon after its signal was aborted counts as unavailable; what it still does
 * then is stopped by nothing but its own guards.
 */
export async function callSink(
  sink: Sink,
  events: readonly LoggedEvent[],
  context: SinkContext,
): Promise<Answer> {
  const { signal } = context
  if (signal.aborted) return interrupted(signal)
  try {
    const result = await settledOrAborted(async () => sink.handle(events, context), signal)
    if (result === undefined) return { ...interrupted(signal), isAbandoned: true }
    if (result.isOk()) return answerOf(result.value.failed, events.length)
    if (signal.aborted) return interrupted(signal)
    return { kind: result.error.retryable ? 'unavailable' : 'refused', failure: result.error }
  } catch (error) {
    return signal.aborted ? interrupted(signal) : { kind: 'threw', failure: mistake(error) }
  }
}

function answerOf(
  failed: Extract<Answer, { kind: 'report' }>['report']['failed'],
  count: number,
): Answer {
  const [first] = failed
  const isAll =
    first !== undefined &&
    failed.length >= count &&
    failed.every(({ failure }) => failure.retryable)
  return isAll
    ? { kind: 'unavailable', failure: first.failure }
    : { kind: 'report', report: { failed } }
}

function interrupted({ reason }: AbortSignal): Exclude<Answer, { kind: 'report' }> {
  if (!(reason instanceof Interruption) || reason.kind === 'ended') return { kind: 'interrupted' }
  return {
    kind: 'unavailable',
    failure: { type: 'sink-failed', message: reason.message, retryable: true },
  }
}

function mistake(error: unknown): SinkFailure {
  const message =
    error instanceof Error
      ? `${error.name}: ${error.message}`
      : 'the sink threw something that is no error'
  return { type: 'sink-failed', message, retryable: false, cause: error }
}

function settledOrAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      timer = setTimeout(() => {
        resolve(undefined)
      }, graceMs)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      })
  })
}
