import type { Diagnostics } from '../../diagnostics.ts'
import type { AttemptLimits, Delivery, FailedEvent } from '../delivery.ts'
import {
  dueRow,
  failedRow,
  parkedRow,
  settledUpTo,
  type FailureRow,
  type Settled,
} from '../failures/park.ts'
import { aggregateKey, type LoggedEvent } from '../log/event.ts'
import type { Sink } from '../sink.ts'
import type { Acknowledgement } from './acknowledge.ts'
import type { Ownership } from './ownership.ts'

/** Dependencies of a passage. */
export interface PassageDeps {
  readonly sink: Sink
  readonly diagnostics: Diagnostics
  readonly limits: AttemptLimits
}

/** A part of a stretch. */
export interface Batch {
  readonly events: readonly LoggedEvent[]
  readonly isLast: boolean
  /** The position of its last event. */
  readonly lastSeq: bigint
}

const firstAttempt = { started: 0, finished: 0, failingMs: 0 }

/**
 * The passage of one stretch through one sink: it selects the events to hand over, holds back those
 * that wait behind failed ones, and collects the rows for the next acknowledgement.
 */
export class Passage {
  readonly #deps: PassageDeps
  readonly #ownership: Ownership
  #failures: FailureRow[] = []
  #settled: Settled[] = []

  constructor(deps: PassageDeps, ownership: Ownership) {
    this.#deps = deps
    this.#ownership = ownership
  }

  /**
   * Splits events into batches to hand over. A `state` sink gets each aggregate once, with its
   * newest event.
   */
  *batches(events: readonly LoggedEvent[], size: () => number): Generator<Batch> {
    const selected = this.select(events)
    for (let start = 0, end = 0; start < selected.length; start = end) {
      end = Math.min(selected.length, start + size())
      const batch = selected.slice(start, end)
      yield { events: batch, isLast: end === selected.length, lastSeq: batch.at(-1)?.seq ?? 0n }
    }
  }

  /**
   * Returns the events of a batch that may be handed over; in a `log` sink the others are parked.
   */
  admit(batch: readonly LoggedEvent[]): readonly LoggedEvent[] {
    if (!this.#ownership.hasStuck) return batch
    return batch.filter((event) => {
      const mustWait = this.mustWait(event)
      if (mustWait) this.#failures.push(parkedRow(event))
      return !mustWait
    })
  }

  /** Whether an event must wait behind a failed one of its aggregate, as in a `log` sink. */
  mustWait(event: LoggedEvent): boolean {
    if (this.#deps.sink.mode === 'state') return false
    return this.#ownership.stuckIn(event.shard).has(aggregateKey(event))
  }

  /** The events that the sink wants: for a `state` sink the newest of each aggregate. */
  select(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    return this.#deps.sink.mode === 'state' ? newestOfEach(events) : events
  }

  /** Records the outcome of a batch. */
  take({ delivered, failed, waiting }: Delivery): void {
    if (this.#deps.sink.mode === 'state' && this.#ownership.hasStuck)
      delivered.forEach((event) => {
        this.#clear(event)
      })
    failed.forEach((event) => {
      this.fail(event)
    })
    this.#failures.push(...waiting.map(parkedRow))
  }

  /** Sets the aggregate of a failed event aside. */
  fail(failed: FailedEvent): void {
    const { sink, diagnostics, limits } = this.#deps
    const { event, failure } = failed
    const row = failedRow(failed, firstAttempt, limits)
    this.#failures.push(row)
    // In a `state` sink the newest failure replaces earlier ones of its aggregate.
    if (sink.mode === 'state') this.#settled.push(settledUpTo(event, event.seq - 1n))
    this.#ownership.stuckIn(event.shard).add(aggregateKey(event))
    diagnostics.emit('outbox:failed', {
      sink: sink.name,
      count: 1,
      retryable: row.status === 'retry',
      error: failure,
    })
    if (row.status === 'dead')
      diagnostics.emit('outbox:dead', { sink: sink.name, eventId: event.id, error: failure })
    else
      diagnostics.emit('outbox:parked', {
        sink: sink.name,
        aggregateType: event.aggregateType,
        aggregateId: event.aggregateId,
      })
  }

  /** Sets events aside that may have ended the process: each counts one attempt without an end. */
  suspect(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      this.#failures.push(dueRow(event, { started: 1, finished: 0 }))
      this.#ownership.stuckIn(event.shard).add(aggregateKey(event))
    }
  }

  /** Whether an acknowledgement has rows to write beside the position. */
  get hasRows(): boolean {
    return this.#failures.length + this.#settled.length > 0
  }

  /**
   * Takes the rows that an acknowledgement up to a position writes. Rows after that position are
   * dropped: their events will be read again.
   */
  takeRows(upTo: bigint | undefined): Pick<Required<Acknowledgement>, 'failures' | 'settled'> {
    const isWithin = ({ seq }: { readonly seq: string }): boolean =>
      upTo === undefined || BigInt(seq) <= upTo
    const rows = {
      failures: this.#failures.filter(isWithin),
      settled: this.#settled.filter(isWithin),
    }
    this.#failures = []
    this.#settled = []
    return rows
  }

  #clear(event: LoggedEvent): void {
    if (!this.#ownership.stuckIn(event.shard).delete(aggregateKey(event))) return
    this.#settled.push(settledUpTo(event, event.seq))
  }
}

function newestOfEach(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
  const newest = new Map<string, LoggedEvent>()
  for (const event of events) {
    const key = aggregateKey(event)
    // Removed first, so that the map stays in the order of the newest events.
    newest.delete(key)
    newest.set(key, event)
  }
  return [...newest.values()]
}
