import type { Diagnostics } from '../../diagnostics.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import { nothingDelivered, type AttemptLimits, type Delivery } from '../delivery.ts'
import { aggregateKey, type LoggedEvent } from '../log/event.ts'
import type { SinkFailure } from '../sink.ts'
import { loadDue, type DueEvents, type StuckEvent } from './due.ts'
import { countStartSql } from './failure-queries.ts'
import {
  dueRow,
  failedRow,
  killerRow,
  parkedRow,
  settledUpTo,
  type FailureRow,
  type Settled,
} from './park.ts'
import type { SurvivedAttempts } from './survived-attempts.ts'

/** The shards that the relay owns, as a retry sees them. */
export interface StuckShards {
  readonly numbers: readonly number[]
  /** The aggregates of a shard that have failed events. */
  stuckIn(shard: number): Set<string>
  /** Writes failures of these shards, without moving their cursors. */
  writeFailures(
    shards: ReadonlySet<number>,
    rows: { readonly failures: readonly FailureRow[]; readonly settled: readonly Settled[] },
  ): Promise<void>
}

/** Dependencies of a retry. */
export interface RetryDeps {
  readonly sql: SqlClient
  readonly sink: string
  readonly shards: StuckShards
  readonly diagnostics: Diagnostics
  readonly limits: AttemptLimits
  readonly survived: SurvivedAttempts
  readonly handOver: (events: readonly LoggedEvent[]) => Promise<Delivery>
}

/**
 * Tries the stuck events that are due, and frees their aggregates when none is left. Returns
 * `false` when nothing was due. Runs in the loop of the shard's owner and nowhere else: until it
 * ends no event is parked or passed, so no later event overtakes.
 */
export async function retryDue(deps: RetryDeps): Promise<boolean> {
  const { sql, sink, shards, limits, survived } = deps
  await survived.uncount(sql, sink)
  const { maxBackOffMs } = limits
  const due = await loadDue(sql, { sink, shards: shards.numbers, maxBackOffMs })
  if (due.ready.length + due.killers.length + due.discarded.length === 0) return false
  await writeOutcome(deps, due, await attempt(deps, due))
  survived.clear()
  return true
}

/**
 * Counts the attempts before they begin and again after they end: a difference that stays shows
 * that the process did not survive.
 */
async function attempt(
  { sql, sink, handOver, survived }: RetryDeps,
  due: DueEvents,
): Promise<Delivery> {
  if (due.ready.length === 0) return nothingDelivered
  const events = due.ready.map(({ event }) => event)
  survived.add(events)
  await sql.query(countStartSql, [sink, events.map(({ seq }) => String(seq))])
  return handOver(events)
}

async function writeOutcome(
  { sink, shards, limits, diagnostics }: RetryDeps,
  due: DueEvents,
  delivery: Delivery,
): Promise<void> {
  const outcome = new Outcome(due, delivery)
  const failures: FailureRow[] = []
  const settled: Settled[] = []
  for (const events of due.byAggregate.values()) {
    const remaining = outcome.remainingOf(events)
    const last = events[events.length - remaining.length - 1]
    if (last !== undefined) settled.push(settledUpTo(last.event, last.event.seq))
    failures.push(...rowsOf(remaining, outcome, limits))
    if (remaining.length === 0 && last !== undefined)
      shards.stuckIn(last.event.shard).delete(aggregateKey(last.event))
  }
  for (const { status, event, error } of failures)
    if (status === 'dead') diagnostics.emit('outbox:dead', { sink, eventId: event.id, error })
  const concerned = new Set([...due.byAggregate.values()].flat().map(({ event }) => event.shard))
  await shards.writeFailures(concerned, { failures, settled })
}

class Outcome {
  readonly #gone: ReadonlySet<LoggedEvent>
  readonly #failed: ReadonlyMap<LoggedEvent, Delivery['failed'][number]>
  readonly #tried: ReadonlySet<LoggedEvent>
  readonly #killers: ReadonlySet<LoggedEvent>
  readonly #reason: SinkFailure | undefined

  constructor({ ready, killers, discarded }: DueEvents, delivery: Delivery) {
    this.#gone = new Set([...delivery.delivered, ...discarded.map(({ event }) => event)])
    this.#failed = new Map(delivery.failed.map((failed) => [failed.event, failed]))
    this.#tried = new Set(ready.map(({ event }) => event))
    this.#killers = new Set(killers.map(({ event }) => event))
    this.#reason = delivery.reason
  }

  /** The events of an aggregate from the first one on that is not done with. */
  remainingOf(events: readonly StuckEvent[]): readonly StuckEvent[] {
    const first = events.findIndex(({ event }) => !this.#gone.has(event))
    return first < 0 ? [] : events.slice(first)
  }

  /** The new row of a remaining event, `undefined` when its row may stay as it is. */
  rowOf(
    stuck: StuckEvent,
    { isHead, limits }: { readonly isHead: boolean; readonly limits: AttemptLimits },
  ): FailureRow | undefined {
    const { event } = stuck
    const failed = this.#failed.get(event)
    if (failed !== undefined) return failedRow(failed, stuck, limits)
    if (this.#killers.has(event)) return killerRow(event, stuck)
    if (isHead && this.#reason !== undefined && this.#tried.has(event))
      return failedRow({ event, kind: 'retryable', failure: this.#reason }, stuck, limits)
    if (isHead && (this.#tried.has(event) || stuck.status === 'parked')) return dueRow(event, stuck)
    return this.#tried.has(event) ? parkedRow(event) : undefined
  }
}

function rowsOf(
  remaining: readonly StuckEvent[],
  outcome: Outcome,
  limits: AttemptLimits,
): FailureRow[] {
  return remaining.flatMap(
    (stuck, index) => outcome.rowOf(stuck, { isHead: index === 0, limits }) ?? [],
  )
}
