import type { LoggedEvent } from '../log/event.ts'
import type { Sink, SinkContext, SinkFailure, SinkReport } from '../sink.ts'
import type { Answer } from './deliver.ts'
import { Interruption } from './shard-lease.ts'
import { failureIn } from '../../failure/failure-error.ts'
import { quietError } from '../../stores/quiet-error.ts'
import { withCause } from '../../failure/with-cause.ts'

/** Time that a sink has to notice its aborted signal, in milliseconds. */
const graceMs = 1_000

/**
 * Calls a sink with one batch and classifies its answer. Never rejects. A sink that has not
 * returned soon after its signal was aborted counts as unavailable and abandoned: only its own
 * checks can stop what it still does.
 */
export async function callSink(
  sink: Sink,
  events: readonly LoggedEvent[],
  context: SinkContext,
): Promise<Answer> {
  const { signal } = context
  if (signal.aborted) return interrupted(signal)
  try {
    const result = await unlessStuck(async () => sink.handle(events, context), signal)
    if (result === undefined) return { ...interrupted(signal), isAbandoned: true }
    if (result.isOk()) return answerOf(result.value.failed, events.length)
    if (signal.aborted) return interrupted(signal)
    return { kind: result.error.retryable ? 'unavailable' : 'refused', failure: result.error }
  } catch (error) {
    return signal.aborted ? interrupted(signal) : thrown(error)
  }
}

function answerOf(failed: SinkReport['failed'], count: number): Answer {
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

/** A sink that throws a typed failure has answered with it; any other error is its mistake. */
function thrown(error: unknown): Answer {
  const failure = failureIn(error)
  if (failure === undefined) return { kind: 'threw', failure: mistake(error) }
  const { message, retryable } = failure
  const answer: SinkFailure = withCause({ type: 'sink-failed', message, retryable }, error)
  return { kind: retryable ? 'unavailable' : 'refused', failure: answer }
}

function mistake(thrown: unknown): SinkFailure {
  const error = quietError(thrown)
  const message =
    error instanceof Error
      ? `${error.name}: ${error.message}`
      : 'the sink threw something that is no error'
  return withCause({ type: 'sink-failed', message, retryable: false }, error)
}

/** Settles as `work` does; `undefined` when it has not done so `graceMs` after the abort. */
function unlessStuck<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
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
