import type { SqlClient } from '../../stores/sql-client.ts'
import { aggregateKey, type LoggedEvent } from '../log/event.ts'
import { dueSql } from './failure-queries.ts'
import { eventOfRow, type Attempts } from './park.ts'

/** A row of the table of failures. */
export interface StuckEvent extends Attempts {
  readonly event: LoggedEvent
  readonly status: 'parked' | 'retry' | 'dead' | 'replay' | 'discard'
  /** Whether it is not due yet. */
  readonly isEarly: boolean
}

/** The stuck aggregates that something can be done about. */
export interface DueEvents {
  /** Events that may be tried now, none before an earlier one of its aggregate. */
  readonly ready: readonly StuckEvent[]
  /** Events whose attempts ended the process too often. */
  readonly killers: readonly StuckEvent[]
  /** Events that an operator discarded, at the head of their aggregates. */
  readonly discarded: readonly StuckEvent[]
  /** Everything that was read, by aggregate, in order. */
  readonly byAggregate: ReadonlyMap<string, readonly StuckEvent[]>
}

const maxRows = 500
const maxCrashes = 3

/** Loads the stuck aggregates that are due, each with its events in order. One round trip. */
export async function loadDue(
  sql: SqlClient,
  {
    sink,
    shards,
    maxBackOffMs,
  }: { readonly sink: string; readonly shards: readonly number[]; readonly maxBackOffMs: number },
): Promise<DueEvents> {
  const { rows } = await sql.query<DueRow>(dueSql, [sink, shards, maxRows, maxBackOffMs])
  const byAggregate = new Map<string, StuckEvent[]>()
  for (const stuck of rows.map(stuckOf)) {
    const key = aggregateKey(stuck.event)
    byAggregate.set(key, [...(byAggregate.get(key) ?? []), stuck])
  }
  return triage(byAggregate, rows.length === maxRows ? rows.length - 1 : rows.length)
}

/**
 * Sorts the events. When the result was cut off at `maxRows`, its last event is left for the next
 * time, because only that proves there is more.
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
 * A suspect is tried alone, so that no other event is blamed if it ends the process. Earlier events
 * of its aggregate go first.
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
