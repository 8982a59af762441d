import type { SqlClient } from '../../stores/sql-client.ts'
import { aggregateKey, eventOfRow, type Attempts } from './park.ts'
import type { LoggedEvent } from '../log/read-events.ts'

/** A row of the table of failures. */
export interface StuckEvent extends Attempts {
  readonly event: LoggedEvent
  readonly status: 'parked' | 'retry' | 'dead' | 'replay' | 'discard'
  /** Whether its time has not come yet. */
  readonly isEarly: boolean
}

/** What there is to do about stuck aggregates. */
export interface DueEvents {
  /** Events that may be tried now, none before an earlier one of its aggregate. */
  readonly ready: readonly StuckEvent[]
  /** Events that have ended their process too often. */
  readonly killers: readonly StuckEvent[]
  /** Events that an operator gave up, at the head of their aggregates. */
  readonly discarded: readonly StuckEvent[]
  /** Everything that was read, by aggregate, in order. */
  readonly byAggregate: ReadonlyMap<string, readonly StuckEvent[]>
}

const maxRows = 500
const maxCrashes = 3

/**
 * Reads the stuck aggregates whose time has come, each with its events in order. One round trip.
 */
export async function loadDue(
  sql: SqlClient,
  sink: string,
  shards: readonly number[],
): Promise<DueEvents> {
  const { rows } = await sql.query<DueRow>(dueSql, [sink, shards, maxRows])
  const byAggregate = new Map<string, StuckEvent[]>()
  for (const stuck of rows.map(stuckOf)) {
    const key = aggregateKey(stuck.event)
    byAggregate.set(key, [...(byAggregate.get(key) ?? []), stuck])
  }
  return triage(byAggregate, rows.length === maxRows ? rows.length - 1 : rows.length)
}

/**
 * Of a reading that was cut off, the last event is left for the next: only so is it known that
 * there is one.
 */
function triage(
  byAggregate: ReadonlyMap<string, readonly StuckEvent[]>,
  usable: number,
): DueEvents {
  const ready: StuckEvent[] = []
  const killers: StuckEvent[] = []
  const discarded: StuckEvent[] = []
  let left = usable
  for (const events of byAggregate.values()) {
    for (const stuck of events.slice(0, left)) {
      if (stuck.status === 'discard') {
        discarded.push(stuck)
        continue
      }
      if (stuck.status === 'dead' || stuck.isEarly) break
      if (stuck.started - stuck.finished >= maxCrashes) {
        killers.push(stuck)
        break
      }
      ready.push(stuck)
    }
    left -= events.length
  }
  ready.sort((a, b) => (a.event.seq < b.event.seq ? -1 : 1))
  const suspect = ready.find(({ started, finished }) => started > finished)
  return {
    ready: suspect === undefined ? ready : upTo(ready, suspect),
    killers,
    discarded,
    byAggregate,
  }
}

/**
 * A suspect goes alone, so that nothing else is blamed if it ends the process; what lies before it
 * of its aggregate goes first.
 */
function upTo(ready: readonly StuckEvent[], suspect: StuckEvent): readonly StuckEvent[] {
  const key = aggregateKey(suspect.event)
  const first = ready.find(({ event }) => aggregateKey(event) === key)
  return first === undefined ? [] : [first]
}

interface DueRow {
  readonly shard: number
  readonly event: string
  readonly status: StuckEvent['status']
  readonly started: number
  readonly finished: number
  readonly is_early: boolean
  readonly failing_ms: string
}

function stuckOf(row: DueRow): StuckEvent {
  return {
    event: eventOfRow(row.event, row.shard),
    status: row.status,
    started: row.started,
    finished: row.finished,
    failingMs: Number(row.failing_ms),
    isEarly: row.is_early,
  }
}

/**
 * What waits behind a dead or an early event is left out: it would take the place of those that can
 * be helped.
 */
const dueSql = `
  WITH due AS (
    SELECT DISTINCT aggregatetype, aggregateid FROM @schema.outbox_failure f
    WHERE sink = $1 AND shard = ANY ($2::smallint[])
      AND (status IN ('replay', 'discard') OR (status = 'retry' AND next_at <= clock_timestamp()))
      AND NOT EXISTS (
        SELECT FROM @schema.outbox_failure e
        WHERE e.sink = f.sink AND e.aggregatetype = f.aggregatetype AND e.aggregateid = f.aggregateid AND e.seq < f.seq
          AND (e.status = 'dead' OR (e.status = 'retry' AND e.next_at > clock_timestamp()))
      )
    LIMIT 100
  )
  SELECT f.shard, f.event::text, f.status, f.started, f.finished,
    f.status = 'retry' AND f.next_at > clock_timestamp() AS is_early,
    (extract(epoch FROM clock_timestamp() - f.failed_at) * 1000)::text AS failing_ms
  FROM @schema.outbox_failure f JOIN due USING (aggregatetype, aggregateid)
  WHERE f.sink = $1
  ORDER BY f.aggregatetype, f.aggregateid, f.seq
  LIMIT $3`
