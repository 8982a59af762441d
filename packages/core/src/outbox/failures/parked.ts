import type { Stores } from '../../connect/stores.ts'
import type { SqlError } from '../../errors.ts'
import type { ResultAsync } from '../../result.ts'
import type { MarkLimit } from './dead-letters.ts'
import { discardParkedSql, hastenSql, parkedSummarySql } from './parked-queries.ts'

/** A selection of parked events; a field that is left out matches all. */
export interface ParkedMatch {
  /** Name of the sink. */
  readonly sink?: string
  /** Fingerprint of the failure; empty for events that were not tried by themselves yet. */
  readonly fingerprint?: string
}

/** Events of one kind that wait for another attempt. */
export interface ParkedGroup {
  /** Name of the sink. */
  readonly sink: string
  /** The same for all of them; empty for events that were not tried by themselves yet. */
  readonly fingerprint: string
  /** Number of events that wait for an attempt. */
  readonly count: number
  /** Number of aggregates they belong to. */
  readonly aggregates: number
  /** Number of later events of these aggregates that wait behind them. */
  readonly behind: number
  /** The message of the newest of them; empty where there is none. */
  readonly message: string
  /** When the first of them failed for the first time. */
  readonly firstAt: Date
  /** When the last of them failed for the first time. */
  readonly lastAt: Date
  /** When the next of them is tried. */
  readonly nextAt: Date
}

/**
 * The events of an outbox that wait for another attempt. Nothing here delivers or deletes: the
 * relay that owns the shard does, within a second.
 */
export interface ParkedEvents {
  /** Groups them by sink and fingerprint, the largest group first. One round trip. */
  summary(match?: ParkedMatch): ResultAsync<ParkedGroup[], SqlError>
  /**
   * Has those tried now whose time has not come. Returns how many they are. An event that a relay
   * is changing at that moment is left out, and one that fails again waits for a new time: call it
   * again until it returns 0. One round trip.
   *
   * @param match - with `limit` no more than so many, those that are due next; the next call takes
   *   others.
   */
  retry(match: ParkedMatch & MarkLimit): ResultAsync<number, SqlError>
  /**
   * Drops the events for good, so that those waiting behind them are delivered. An event whose
   * attempt is under way may be delivered all the same. Returns how many they are. An event that a
   * relay is changing at that moment is left out: call it again until it returns 0. One round trip.
   *
   * @param match - with `limit` the oldest of them, no more than so many.
   */
  discard(match: ParkedMatch & MarkLimit): ResultAsync<number, SqlError>
}

export function parkedEvents({ postgres }: Pick<Stores, 'postgres'>): ParkedEvents {
  const mark = (sql: string, { limit, ...match }: ParkedMatch & MarkLimit) =>
    postgres.query(sql, [...matchValues(match), limit ?? null]).map(({ rowCount }) => rowCount ?? 0)
  return {
    summary: (match = {}) =>
      postgres
        .query<GroupRow>(parkedSummarySql, matchValues(match))
        .map(({ rows }) => rows.map(groupOf)),
    retry: (match) => mark(hastenSql, match),
    discard: (match) => mark(discardParkedSql, match),
  }
}

interface GroupRow extends Omit<ParkedGroup, 'firstAt' | 'lastAt' | 'nextAt'> {
  readonly first_at: Date
  readonly last_at: Date
  readonly next_at: Date
}

function groupOf({
  first_at: firstAt,
  last_at: lastAt,
  next_at: nextAt,
  ...row
}: GroupRow): ParkedGroup {
  return { ...row, firstAt, lastAt, nextAt }
}

function matchValues({ sink, fingerprint }: ParkedMatch): unknown[] {
  return [sink ?? null, fingerprint ?? null]
}
