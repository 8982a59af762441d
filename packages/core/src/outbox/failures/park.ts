import { createHash } from 'node:crypto'
import type { Json } from '../../json/json.ts'
import type { AttemptLimits, FailedEvent } from '../delivery.ts'
import type { LoggedEvent } from '../log/event.ts'
import type { SinkFailure } from '../sink.ts'

/** The attempts at an event. */
export interface Attempts {
  /** Attempts begun; the process did not survive those that are not finished. */
  readonly started: number
  readonly finished: number
  /** Time since it first failed, in milliseconds. */
  readonly failingMs: number
}

/** A row of `outbox_failure` to be written. */
export interface FailureRow {
  readonly seq: string
  readonly shard: number
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly event: StoredEvent
  readonly status: 'parked' | 'retry' | 'dead'
  readonly started: number
  readonly finished: number
  /** Time until the next attempt, in milliseconds; absent when there is none. */
  readonly delay_ms?: number
  readonly fingerprint?: string
  readonly error?: Json
}

/** An aggregate whose failed events up to a position are done with. */
export interface Settled {
  readonly shard: number
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly seq: string
}

/** The row of an event that waits behind a failed one of its aggregate. */
export function parkedRow(event: LoggedEvent): FailureRow {
  return { ...identityOf(event), status: 'parked', started: 0, finished: 0 }
}

/**
 * The row of an event that is tried next, by itself: it may have ended its process, or it is the
 * next one of an aggregate whose retry was cut short.
 */
export function dueRow(
  event: LoggedEvent,
  { started, finished }: Pick<Attempts, 'started' | 'finished'>,
): FailureRow {
  return { ...identityOf(event), status: 'retry', started, finished, delay_ms: 0 }
}

/**
 * The row of an event that failed. A permanent failure makes it a dead letter at once. Otherwise it
 * is tried again after as long as it has been failing, within limits, and given up after
 * `maxAttempts` mistakes. Retryable failures count as no attempt.
 */
export function failedRow(
  { event, kind, failure }: FailedEvent,
  attempts: Attempts,
  limits: AttemptLimits,
): FailureRow {
  const finished = attempts.finished + (kind === 'retryable' ? 0 : 1)
  const isDead = kind === 'permanent' || (kind === 'mistake' && finished >= limits.maxAttempts)
  const delay = Math.min(Math.max(attempts.failingMs, 100), limits.maxBackOffMs)
  return {
    ...identityOf(event),
    status: isDead ? 'dead' : 'retry',
    started: finished,
    finished,
    ...(isDead ? {} : { delay_ms: delay }),
    ...causeOf(failure),
  }
}

/** The row of an event whose attempts have ended the process too often. */
export function killerRow(
  event: LoggedEvent,
  { started, finished }: Pick<Attempts, 'started' | 'finished'>,
): FailureRow {
  const message = 'the process ended every time while it handled this event'
  return {
    ...identityOf(event),
    status: 'dead',
    started,
    finished,
    ...causeOf({ type: 'sink-failed', message, retryable: false }),
  }
}

/**
 * Returns the same text for failures of one kind: a digest of the type and of the message without
 * its numbers, ids and quoted parts.
 */
export function fingerprintOf({ type, message }: Pick<SinkFailure, 'type' | 'message'>): string {
  const general = message
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9a-f]{24,}/gi, '#')
    .replace(/(["'`]).*?\1/g, '""')
    .replace(/\d+/g, '#')
  return createHash('sha256').update(`${type}\n${general}`).digest('hex').slice(0, 12)
}

/** Parses the event of a row. */
export function eventOfRow(json: string, shard: number): LoggedEvent {
  const stored = JSON.parse(json) as StoredEvent
  return { ...stored, seq: BigInt(stored.seq), createdAt: new Date(stored.createdAt), shard }
}

/** An event as its row stores it. */
type StoredEvent = Omit<LoggedEvent, 'seq' | 'createdAt' | 'shard'> & {
  readonly seq: string
  readonly createdAt: string
}

function identityOf(
  event: LoggedEvent,
): Pick<FailureRow, 'seq' | 'shard' | 'aggregatetype' | 'aggregateid' | 'event'> {
  const { shard, seq, createdAt, ...rest } = event
  return {
    seq: String(seq),
    shard,
    aggregatetype: event.aggregateType,
    aggregateid: event.aggregateId,
    event: { ...rest, seq: String(seq), createdAt: createdAt.toISOString() },
  }
}

const maxMessageLength = 2_000

function causeOf(failure: SinkFailure): { readonly fingerprint: string; readonly error: Json } {
  const message = String(failure.message)
    .replaceAll('\0', '')
    .toWellFormed()
    .slice(0, maxMessageLength)
    .toWellFormed()
  return {
    fingerprint: fingerprintOf(failure),
    error: { type: failure.type, message, retryable: failure.retryable },
  }
}

/** Marks the failed events of an aggregate up to a position as done with. */
export function settledUpTo(
  { shard, aggregateType, aggregateId }: LoggedEvent,
  seq: bigint,
): Settled {
  return { shard, aggregatetype: aggregateType, aggregateid: aggregateId, seq: String(seq) }
}
