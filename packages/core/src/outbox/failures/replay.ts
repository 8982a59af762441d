import type { SqlError } from '../../errors.ts'
import type { ResultAsync } from '../../result.ts'
import type { Stores } from '../../connect/stores.ts'
import type { Json } from '../../json.ts'

/** Which dead letters are meant; what is left out matches all. */
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

/** An event that a sink gave up. */
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
  /** How often it was tried. */
  readonly attempts: number
  /** How often somebody had it replayed. */
  readonly replays: number
  /** When it was given up. */
  readonly failedAt: Date
  /** Later events of the aggregate that wait behind it. */
  readonly waiting: number
  /** What the publisher wrote. */
  readonly payload: Json
}

/** Dead letters of one kind. */
export interface DeadLetterGroup {
  /** Name of the sink. */
  readonly sink: string
  /** The same for all of them. */
  readonly fingerprint: string
  /** How many there are. */
  readonly count: number
  /** How many aggregates they belong to. */
  readonly aggregates: number
  /** The message of the newest of them. */
  readonly message: string
  /** When the first of them was given up. */
  readonly firstAt: Date
  /** When the last of them was given up. */
  readonly lastAt: Date
}

/**
 * The dead letters of an outbox. Nothing here delivers or removes anything: a status is set, which
 * the relay that owns the shard finds within a second.
 */
export interface DeadLetters {
  /** The oldest first, at most `limit` (100 unless told). One round trip. */
  list(match?: DeadLetterMatch & { readonly limit?: number }): ResultAsync<DeadLetter[], SqlError>
  /** Groups by sink and fingerprint, the largest first. One round trip. */
  summary(match?: DeadLetterMatch): ResultAsync<DeadLetterGroup[], SqlError>
  /**
   * Has the events delivered again, each before those of its aggregate that wait behind it; gives
   * back how many. One round trip.
   */
  replay(match: DeadLetterMatch): ResultAsync<number, SqlError>
  /**
   * Gives the events up for good and lets go what waits behind them; gives back how many. One round
   * trip.
   */
  discard(match: DeadLetterMatch): ResultAsync<number, SqlError>
}

/**
 * Gives access to the dead letters.
 *
 * @example
 * ```ts
 * const letters = deadLetters(stores)
 * for (const group of orThrow(await letters.summary())) console.log(group.count, group.message)
 * await letters.replay({ sink: 'activity-log', fingerprint: '3f2a9c0d1b7e' })
 * ```
 */
export function deadLetters({ postgres }: Pick<Stores, 'postgres'>): DeadLetters {
  const mark = (
    status: 'replay' | 'discard',
    match: DeadLetterMatch,
  ): ResultAsync<number, SqlError> =>
    postgres.query(markSql, [...matchValues(match), status]).map(({ rowCount }) => rowCount ?? 0)
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

const matching = `f.status = 'dead'
    AND ($1::text IS NULL OR f.sink = $1) AND ($2::text IS NULL OR f.fingerprint = $2)
    AND ($3::text IS NULL OR f.aggregatetype = $3) AND ($4::text IS NULL OR f.aggregateid = $4)
    AND ($5::text[] IS NULL OR f.event ->> 'id' = ANY ($5))`

const listSql = `
  SELECT f.sink, f.aggregatetype, f.aggregateid, f.event::text, f.fingerprint, f.error ->> 'message' AS message, f.finished, f.replay_count, f.failed_at,
    (SELECT count(*)::int FROM @schema.outbox_failure w
      WHERE w.sink = f.sink AND w.aggregatetype = f.aggregatetype AND w.aggregateid = f.aggregateid AND w.seq > f.seq) AS waiting
  FROM @schema.outbox_failure f WHERE ${matching}
  ORDER BY f.failed_at, f.seq LIMIT $6`

const summarySql = `
  SELECT f.sink, f.fingerprint, count(*)::int AS count, count(DISTINCT (f.aggregatetype, f.aggregateid))::int AS aggregates,
    (array_agg(f.error ->> 'message' ORDER BY f.failed_at DESC))[1] AS message, min(f.failed_at) AS first_at, max(f.failed_at) AS last_at
  FROM @schema.outbox_failure f WHERE ${matching}
  GROUP BY f.sink, f.fingerprint ORDER BY count(*) DESC, f.fingerprint`

/**
 * A replay takes back what speaks against an event that ended its process: otherwise it would be
 * given up again untried.
 */
const markSql = `
  UPDATE @schema.outbox_failure f
  SET status = $6, replay_count = replay_count + CASE WHEN $6 = 'replay' THEN 1 ELSE 0 END, started = finished
  WHERE ${matching}`
