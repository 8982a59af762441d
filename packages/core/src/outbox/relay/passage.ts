import type { Diagnostics } from '../../diagnostics.ts'
import type { Acknowledgement } from './acknowledge.ts'
import type { Delivery } from './deliver.ts'
import type { Ownership } from './ownership.ts'
import {
  aggregateKey,
  dueRow,
  failedRow,
  parkedRow,
  type FailedEvent,
  type FailureRow,
  type Settled,
} from '../failures/park.ts'
import type { LoggedEvent } from '../log/read-events.ts'
import type { Sink } from '../sink.ts'

/** What a passage runs on. */
export interface PassageOptions {
  readonly sink: Sink
  readonly diagnostics: Diagnostics
  readonly limits: { readonly maxAttempts: number; readonly maxBackOffMs: number }
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
 * The way of one stretch through one sink: which events are handed over, which wait behind failed
 * ones, and what the next acknowledgement has to write down beside the position.
 */
export class Passage {
  readonly #options: PassageOptions
  readonly #ownership: Ownership
  #failures: FailureRow[] = []
  #settled: Settled[] = []

  constructor(options: PassageOptions, ownership: Ownership) {
    this.#options = options
    this.#ownership = ownership
  }

  /**
   * What is to be handed over, in batches: for a `state` sink each aggregate once, with its newest
   * event.
   */
  *batches(events: readonly LoggedEvent[], size: () => number): Generator<Batch> {
    const selected = this.#options.sink.mode === 'state' ? newestOfEach(events) : events
    for (let start = 0, end = 0; start < selected.length; start = end) {
      end = Math.min(selected.length, start + size())
      const batch = selected.slice(start, end)
      yield { events: batch, isLast: end === selected.length, lastSeq: batch.at(-1)?.seq ?? 0n }
    }
  }

  /** Of a batch what may be handed over now; for a `log` sink, events of stuck aggregates wait. */
  admit(batch: readonly LoggedEvent[]): readonly LoggedEvent[] {
    const ownership = this.#ownership
    if (this.#options.sink.mode === 'state' || !ownership.hasStuck) return batch
    return batch.filter((event) => {
      const isStuck = ownership.stuckIn(event.shard).has(aggregateKey(event))
      if (isStuck) this.#failures.push(parkedRow(event))
      return !isStuck
    })
  }

  /** Takes note of what became of a batch. */
  take({ delivered, failed, waiting }: Delivery): void {
    if (this.#options.sink.mode === 'state' && this.#ownership.hasStuck)
      delivered.forEach((event) => {
        this.#clear(event)
      })
    failed.forEach((event) => {
      this.fail(event)
    })
    this.#failures.push(...waiting.map(parkedRow))
  }

  /** Sets an event's aggregate aside. */
  fail(failed: FailedEvent): void {
    const { sink, diagnostics, limits } = this.#options
    const { event, failure } = failed
    const row = failedRow(failed, firstAttempt, limits)
    this.#failures.push(row)
    // The newest failure stands for a state sink's aggregate.
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

  /**
   * Sets events aside that may have ended the process: an attempt at each counts as begun and not
   * ended.
   */
  suspect(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      this.#failures.push(dueRow(event, { started: 1, finished: 0 }))
      this.#ownership.stuckIn(event.shard).add(aggregateKey(event))
    }
  }

  /** Whether there is anything to write down beside the position. */
  get hasRows(): boolean {
    return this.#failures.length + this.#settled.length > 0
  }

  /**
   * What an acknowledgement up to a position has to write down; what lies beyond it will be read
   * again.
   */
  rows(upTo: bigint | undefined): Pick<Required<Acknowledgement>, 'failures' | 'settled'> {
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

function settledUpTo({ shard, aggregateType, aggregateId }: LoggedEvent, seq: bigint): Settled {
  return { shard, aggregatetype: aggregateType, aggregateid: aggregateId, seq: String(seq) }
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
