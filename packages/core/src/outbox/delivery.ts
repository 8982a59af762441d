import type { LoggedEvent } from './log/event.ts'
import type { SinkFailure } from './sink.ts'

/**
 * An event that was not delivered: the sink called it `permanent` or `retryable`, or it threw
 * (`mistake`).
 */
export interface FailedEvent {
  readonly event: LoggedEvent
  readonly kind: 'permanent' | 'retryable' | 'mistake'
  readonly failure: SinkFailure
}

/**
 * The outcome of a batch. Every event is in exactly one place: delivered, failed, waiting behind a
 * failed one of its aggregate, or, from `stoppedAt` on, not tried.
 */
export interface Delivery {
  readonly delivered: readonly LoggedEvent[]
  readonly failed: readonly FailedEvent[]
  readonly waiting: readonly LoggedEvent[]
  /**
   * The first event that was not tried, because the sink became unavailable or the batch was
   * interrupted.
   */
  readonly stoppedAt?: LoggedEvent
  /** The sink's reason for being unavailable. */
  readonly reason?: SinkFailure
}

/** The outcome of no events. */
export const nothingDelivered: Delivery = { delivered: [], failed: [], waiting: [] }

/** Limits of the attempts at one event. */
export interface AttemptLimits {
  /** Mistakes of the sink with one event before it is given up. */
  readonly maxAttempts: number
  readonly maxBackOffMs: number
}
