import { createHash } from 'node:crypto'
import type { Json } from '../../json.ts'
import type { OutboxEvent } from '../log/event.ts'
import type { LoggedEvent } from '../log/read-events.ts'
import type { SinkFailure } from '../sink.ts'

/**
 * Why one event was not delivered: the sink said `permanent` or `retryable`, or it threw
 * (`mistake`).
 */
export interface FailedEvent {
  readonly event: LoggedEvent
  readonly kind: 'permanent' | 'retryable' | 'mistake'
  readonly failure: SinkFailure
}

/** How far the attempts at an event have come, and for how long. */
export interface Attempts {
  readonly started: number
  readonly finished: number
  /** Time since it failed first, in milliseconds. */
  readonly failingMs: number
}

/** A row of `outbox_failure` as it is to be. */
export interface FailureRow {
  readonly seq: string
  readonly shard: number
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly event: StoredEvent
  readonly status: 'parked' | 'retry' | 'dead'
  readonly started: number
  readonly finished: number
  /** Time until it is tried again, in milliseconds; absent when nobody is to. */
  readonly delay_ms?: number
  readonly fingerprint?: string
  readonly error?: Json
}

/** That an aggregate's events up to a position have been seen to. */
export interface Settled {
  readonly shard: number
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly seq: string
}

/** What names an event's aggregate within a process. */
export function aggregateKey(event: Pick<OutboxEvent, 'aggregateType' | 'aggregateId'>): string {
  return `${event.aggregateType}\0${event.aggregateId}`
}

/** The row of an event that waits behind a failed one of its aggregate. */
export function parkedRow(event: LoggedEvent): FailureRow {
  return { ...identityOf(event), status: 'parked', started: 0, finished: 0 }
}

/**
 * The row of an event that is to be tried by itself, soon: one that may have ended its process, or
 * the next one of an aggregate whose turn was cut short.
 */
export function dueRow(
  event: LoggedEvent,
  { started, finished }: Pick<Attempts, 'started' | 'finished'>,
): FailureRow {
  return { ...identityOf(event), status: 'retry', started, finished, delay_ms: 0 }
}

/**
 * The row of an event that failed: dead at once when the failure is permanent; otherwise tried
 * again after as long as it has been failing, within bounds, and given up after `maxAttempts`
 * mistakes. Retryable failures burn no attempt.
 */
export function failedRow(
  { event, kind, failure }: FailedEvent,
  attempts: Attempts,
  limits: { readonly maxAttempts: number; readonly maxBackOffMs: number },
): FailureRow {
  const burned = kind === 'retryable' ? 0 : 1
  const finished = attempts.finished + burned
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

/** The row of an event that has ended its process once too often. */
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
 * What failures of one kind have in common: a digest of the type and the message without its
 * numbers, ids and quoted parts.
 */
export function fingerprintOf({ type, message }: Pick<SinkFailure, 'type' | 'message'>): string {
  const general = message
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9a-f]{24,}/gi, '#')
    .replace(/(["'`]).*?\1/g, '""')
    .replace(/\d+/g, '#')
  return createHash('sha256').update(`${type}\n${general}`).digest('hex').slice(0, 12)
}

/** Brings an event back from its row. */
export function eventOfRow(json: string, shard: number): LoggedEvent {
  const stored = JSON.parse(json) as StoredEvent
  return { ...stored, seq: BigInt(stored.seq), createdAt: new Date(stored.createdAt), shard }
}

/** How an event is kept in its row. */
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
