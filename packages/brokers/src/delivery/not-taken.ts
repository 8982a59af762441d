import { withCause } from '@headwater/core'
import type { SinkFailure } from '@headwater/core'

/** Why a broker has not taken an event. */
export interface NotTaken {
  /** Whether this event is at fault, or nothing of the batch can be said to have arrived. */
  readonly of: 'event' | 'batch'
  readonly failure: SinkFailure
}

/** The broker will never take this event: it becomes a dead letter. */
export function refused(message: string, cause?: unknown): NotTaken {
  return { of: 'event', failure: failureOf(message, { retryable: false, cause }) }
}

/** The broker may take this event later: its aggregate waits, others go on. */
export function deferred(message: string, cause?: unknown): NotTaken {
  return { of: 'event', failure: failureOf(message, { retryable: true, cause }) }
}

/** The broker takes nothing at present: the sink rests, and the whole batch is sent again. */
export function away(message: string, cause?: unknown): NotTaken {
  return { of: 'batch', failure: failureOf(message, { retryable: true, cause }) }
}

/** The broker refuses an event of the batch without saying which: halving it finds out. */
export function refusedBatch(message: string, cause?: unknown): NotTaken {
  return { of: 'batch', failure: failureOf(message, { retryable: false, cause }) }
}

function failureOf(
  message: string,
  { retryable, cause }: { readonly retryable: boolean; readonly cause: unknown },
): SinkFailure {
  return withCause({ type: 'sink-failed', message, retryable }, cause)
}

/** The words of an error, whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
