import type { Stores } from '../../connect/stores.ts'
import type { SqlError } from '../../errors.ts'
import type { Json } from '../../json/json.ts'
import type { ResultAsync } from '../../result.ts'
import { listSql, markSql, summarySql } from './dead-letter-queries.ts'

/** A selection of dead letters; a field that is left out matches all. */
export interface DeadLetterMatch {
  /** Name of the sink. */
  readonly sink?: string
  /** Fingerprint of the failure. */
  readonly fingerprint?: string
  /** Kind of the aggregate. */
  readonly aggregateType?: string
  /** Id of the aggregate. */
  readonly aggregateId?: string | number
  /** Ids of events. */
  readonly eventIds?: readonly string[]
}

/** An event that was given up for one sink. */
export interface DeadLetter {
  /** Name of the sink. */
  readonly sink: string
  /** Id of the event. */
  readonly eventId: string
  /** Kind of the event's aggregate. */
  readonly aggregateType: string
  /** Id of the event's aggregate. */
  readonly aggregateId: string
  /** Type of the event. */
  readonly eventType: string
  /** The same for all failures of a kind. */
  readonly fingerprint: string
  /** Why the sink failed. */
  readonly message: string
  /** Number of attempts. */
  readonly attempts: number
  /** Number of replays. */
  readonly replays: number
  /** When it was given up. */
  readonly failedAt: Date
  /** Number of later events of its aggregate that wait behind it. */
  readonly waiting: number
  /** The payload as it was published. */
  readonly payload: Json
}

/** Dead letters of one kind. */
export interface DeadLetterGroup {
  /** Name of the sink. */
  readonly sink: string
  /** The same for all of them. */
  readonly fingerprint: string
  /** Number of dead letters. */
  readonly count: number
  /** Number of aggregates they belong to. */
  readonly aggregates: number
  /** The message of the newest of them. */
  readonly message: string
  /** When the first of them was given up. */
  readonly firstAt: Date
  /** When the last of them was given up. */
  readonly lastAt: Date
}

/**
 * The dead letters of an outbox. Nothing here delivers or deletes: it sets a status, which the
 * relay that owns the shard finds within a second.
 */
export interface DeadLetters {
  /**
   * Lists dead letters, the oldest first, at most `limit` of them. One round trip.
   *
   * @param match - `limit` is 100 by default.
   */
  list(match?: DeadLetterMatch & { readonly limit?: number }): ResultAsync<DeadLetter[], SqlError>
  /** Groups dead letters by sink and fingerprint, the largest group first. One round trip. */
  summary(match?: DeadLetterMatch): ResultAsync<DeadLetterGroup[], SqlError>
  /**
   * Redelivers the events, each before those of its aggregate that wait behind it. Returns how many
   * there are. One round trip.
   *
   * @param match - with `limit` the oldest of them, no more than so many.
   */
  replay(match: DeadLetterMatch & MarkLimit): ResultAsync<number, SqlError>
  /**
   * Drops the events for good, so that those waiting behind them are delivered. Returns how many
   * there are. One round trip.
   *
   * @param match - with `limit` the oldest of them, no more than so many.
   */
  discard(match: DeadLetterMatch & MarkLimit): ResultAsync<number, SqlError>
}

/** How many events one call may change. */
export interface MarkLimit {
  /**
   * The most events, a positive whole number.
   *
   * @defaultValue all that match
   */
  readonly limit?: number
}

export function deadLetters({ postgres }: Pick<Stores, 'postgres'>): DeadLetters {
  const mark = (
    status: 'replay' | 'discard',
    match: DeadLetterMatch & MarkLimit,
  ): ResultAsync<number, SqlError> =>
    postgres
      .query(markSql, [...matchValues(match), status, match.limit ?? null])
      .map(({ rowCount }) => rowCount ?? 0)
  return {
    list: (match = {}) =>
      postgres
        .query<LetterRow>(listSql, [...matchValues(match), match.limit ?? 100])
        .map(({ rows }) => rows.map(letterOf)),
    summary: (match = {}) =>
      postgres.query<GroupRow>(summarySql, matchValues(match)).map(({ rows }) => rows.map(groupOf)),
    replay: (match) => mark('replay', match),
    discard: (match) => mark('discard', match),
  }
}

interface LetterRow {
  readonly sink: string
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly event: string
  readonly fingerprint: string | null
  readonly message: string | null
  readonly finished: number
  readonly replay_count: number
  readonly failed_at: Date
  readonly waiting: number
}

interface GroupRow {
  readonly sink: string
  readonly fingerprint: string | null
  readonly count: number
  readonly aggregates: number
  readonly message: string | null
  readonly first_at: Date
  readonly last_at: Date
}

function letterOf(row: LetterRow): DeadLetter {
  const event = JSON.parse(row.event) as {
    readonly id: string
    readonly type: string
    readonly payload: Json
  }
  return {
    sink: row.sink,
    eventId: event.id,
    aggregateType: row.aggregatetype,
    aggregateId: row.aggregateid,
    eventType: event.type,
    fingerprint: row.fingerprint ?? '',
    message: row.message ?? '',
    attempts: row.finished,
    replays: row.replay_count,
    failedAt: row.failed_at,
    waiting: row.waiting,
    payload: event.payload,
  }
}

function groupOf({
  first_at: firstAt,
  last_at: lastAt,
  fingerprint,
  message,
  ...row
}: GroupRow): DeadLetterGroup {
  return { ...row, fingerprint: fingerprint ?? '', message: message ?? '', firstAt, lastAt }
}

function matchValues({
  sink,
  fingerprint,
  aggregateType,
  aggregateId,
  eventIds,
}: DeadLetterMatch): unknown[] {
  return [
    sink ?? null,
    fingerprint ?? null,
    aggregateType ?? null,
    aggregateId === undefined ? null : String(aggregateId),
    eventIds ?? null,
  ]
}
