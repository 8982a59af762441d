import type { Diagnostics } from '../../diagnostics.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import type { Delivery } from '../relay/deliver.ts'
import { loadDue, type DueEvents, type StuckEvent } from './due.ts'
import type { Ownership } from '../relay/ownership.ts'
import {
  aggregateKey,
  dueRow,
  failedRow,
  killerRow,
  parkedRow,
  type FailureRow,
  type Settled,
} from './park.ts'
import type { LoggedEvent } from '../log/read-events.ts'
import type { SinkFailure } from '../sink.ts'

/** What the retry of stuck events needs of the loop that runs it. */
export interface Retrying {
  readonly sql: SqlClient
  readonly sink: string
  readonly ownership: Ownership
  readonly diagnostics: Diagnostics
  readonly limits: { readonly maxAttempts: number; readonly maxBackOffMs: number }
  /** Hands events over and reports about them. */
  hand(events: readonly LoggedEvent[]): Promise<Delivery>
}

/**
 * Tries the stuck events whose time has come, and lets their aggregates go when nothing of them is
 * left. Runs in the loop of the shard's owner and nowhere else: while it runs nothing can be parked
 * or passed, so that no later event overtakes. Says whether there was anything to do.
 */
export async function retryDue(retrying: Retrying): Promise<boolean> {
  const { sql, sink, ownership } = retrying
  const shards = ownership.shards.map(({ shard }) => shard)
  const due = await loadDue(sql, sink, shards)
  if (due.ready.length + due.killers.length + due.discarded.length === 0) return false
  // Counted before the attempt and again after it: a difference that stays tells that the process
  // did not survive.
  if (due.ready.length > 0)
    await sql.query(startSql, [sink, due.ready.map(({ event }) => String(event.seq))])
  const delivery =
    due.ready.length > 0 ? await retrying.hand(due.ready.map(({ event }) => event)) : nothing
  await writeDown(retrying, due, delivery)
  return true
}

const nothing: Delivery = { delivered: [], failed: [], waiting: [] }

async function writeDown(
  { sink, ownership, limits, diagnostics }: Retrying,
  due: DueEvents,
  delivery: Delivery,
): Promise<void> {
  const outcome = new Outcome(due, delivery)
  const failures: FailureRow[] = []
  const settled: Settled[] = []
  for (const events of due.byAggregate.values()) {
    const remaining = outcome.remainingOf(events)
    const last = events[events.length - remaining.length - 1]
    if (last !== undefined) settled.push(settledUpTo(last.event))
    failures.push(...rowsOf(remaining, outcome, limits))
    if (remaining.length === 0 && last !== undefined)
      ownership.stuckIn(last.event.shard).delete(aggregateKey(last.event))
  }
  for (const { status, event, error } of failures)
    if (status === 'dead') diagnostics.emit('outbox:dead', { sink, eventId: event.id, error })
  const concerned = new Set([...due.byAggregate.values()].flat().map(({ event }) => event.shard))
  await ownership.acknowledge({
    shards: ownership.shards.filter(({ shard }) => concerned.has(shard)),
    failures,
    settled,
  })
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

  /** What is left of an aggregate behind what is done with. */
  remainingOf(events: readonly StuckEvent[]): readonly StuckEvent[] {
    const first = events.findIndex(({ event }) => !this.#gone.has(event))
    return first < 0 ? [] : events.slice(first)
  }

  /** What becomes of an event that is left; nothing when its row may stay as it is. */
  rowOf(
    stuck: StuckEvent,
    { isHead, limits }: { readonly isHead: boolean; readonly limits: Retrying['limits'] },
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
  limits: Retrying['limits'],
): FailureRow[] {
  return remaining.flatMap(
    (stuck, index) => outcome.rowOf(stuck, { isHead: index === 0, limits }) ?? [],
  )
}

function settledUpTo({ shard, seq, aggregateType, aggregateId }: LoggedEvent): Settled {
  return { shard, aggregatetype: aggregateType, aggregateid: aggregateId, seq: String(seq) }
}

const startSql = `UPDATE @schema.outbox_failure SET started = started + 1 WHERE sink = $1 AND seq = ANY ($2::bigint[])`
