import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import type { AttemptLimits } from '../delivery.ts'
import { aggregateKey, type LoggedEvent } from '../log/event.ts'
import type { Sink, SinkFailure } from '../sink.ts'
import type { Position } from './cursor.ts'
import type { HandOver } from './hand-over.ts'
import type { Stretch } from './interval-reader.ts'
import type { Ownership } from './ownership.ts'
import type { Pace } from './pace.ts'
import { Passage } from './passage.ts'

/** Dependencies of the delivery of stretches. */
export interface StretchDeliveryDeps {
  readonly sink: Sink
  readonly ownership: Ownership
  readonly handOver: HandOver
  readonly pace: Pace
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly limits: AttemptLimits
  readonly isStopping: () => boolean
}

/**
 * The state of the cursors after a stretch: moved over no event, moved over events and still to be
 * saved, written, or written with events set aside that are to be tried one by one.
 */
export type StretchEnd = 'empty' | 'unsaved' | 'written' | 'set-aside'

/** Batch size where a process may have ended; also the number of events that are set aside. */
const carefulBatch = 50
const acknowledgeEveryMs = 250
const failuresBeforeProbe = 5

/** Delivers stretches of the log to one sink, batch by batch, and moves the cursors behind them. */
export class StretchDelivery {
  readonly #deps: StretchDeliveryDeps
  #acknowledgedAt = 0

  constructor(deps: StretchDeliveryDeps) {
    this.#deps = deps
  }

  async deliver(stretch: Stretch): Promise<StretchEnd> {
    const { ownership } = this.#deps
    if (stretch.events.length === 0) {
      ownership.move(stretch.shards, stretch.end)
      return 'empty'
    }
    const crashes = Math.max(...stretch.shards.map((shard) => shard.crashes))
    const passage = new Passage(this.#deps, ownership)
    if (crashes > 1) return this.#setAside(stretch, passage)
    const isDone = await this.#deliverBatches(stretch, passage, { isCareful: crashes > 0 })
    if (!isDone) return 'written'
    if (crashes > 0 || passage.hasRows) {
      await this.#acknowledge(stretch, passage, stretch.end)
      return 'written'
    }
    ownership.move(stretch.shards, stretch.end)
    return 'unsaved'
  }

  /** Returns `false` when it stopped early, with everything so far acknowledged. */
  async #deliverBatches(
    stretch: Stretch,
    passage: Passage,
    { isCareful }: { readonly isCareful: boolean },
  ): Promise<boolean> {
    const { handOver, pace, isStopping } = this.#deps
    const size = (): number => (isCareful ? Math.min(carefulBatch, pace.batchSize) : pace.batchSize)
    for (const batch of passage.batches(stretch.events, size)) {
      const delivery = await handOver.send(passage.admit(batch.events))
      passage.take(delivery)
      if (delivery.stoppedAt !== undefined) {
        await this.#stopAt(delivery.stoppedAt, { stretch, passage, reason: delivery.reason })
        return false
      }
      if (batch.isLast) break
      if (isCareful || isStopping() || this.#isTimeToAcknowledge())
        await this.#acknowledge(stretch, passage, stretch.at(batch.lastSeq))
      if (isStopping()) return false
    }
    return true
  }

  async #stopAt(
    event: LoggedEvent,
    {
      stretch,
      passage,
      reason,
    }: {
      readonly stretch: Stretch
      readonly passage: Passage
      readonly reason: SinkFailure | undefined
    },
  ): Promise<void> {
    const isPoison =
      reason !== undefined && (await this.#takesOthersThan(event, { stretch, passage }))
    if (isPoison) passage.fail({ event, kind: 'retryable', failure: reason })
    await this.#acknowledge(stretch, passage, stretch.at(isPoison ? event.seq : event.seq - 1n))
  }

  /**
   * Tells a sink that is down from one that cannot take a single event, by offering it an event of
   * another aggregate, one that need not wait. That event will be delivered again.
   */
  async #takesOthersThan(
    event: LoggedEvent,
    { stretch, passage }: { readonly stretch: Stretch; readonly passage: Passage },
  ): Promise<boolean> {
    const { pace, handOver } = this.#deps
    if (pace.failures < failuresBeforeProbe || pace.batchSize > 1) return false
    const other = passage
      .select(stretch.events)
      .find(
        (candidate) =>
          candidate.seq > event.seq &&
          aggregateKey(candidate) !== aggregateKey(event) &&
          !passage.mustWait(candidate),
      )
    if (other === undefined) return false
    const { delivered } = await handOver.probe([other])
    if (delivered.length > 0) pace.succeeded()
    return delivered.length > 0
  }

  /**
   * Sets the next events aside where owners have vanished more than once: each of them gets its own
   * attempt, which is counted before it begins.
   */
  async #setAside(stretch: Stretch, passage: Passage): Promise<StretchEnd> {
    const { shards, events, at, end } = stretch
    const suspects = events.slice(0, carefulBatch)
    const last = suspects.at(-1)
    passage.suspect(suspects)
    const calmed = shards.map((shard) => ({ ...shard, crashes: 1 }))
    const position = last === undefined || suspects.length === events.length ? end : at(last.seq)
    await this.#acknowledge({ shards: calmed }, passage, position)
    return 'set-aside'
  }

  #isTimeToAcknowledge(): boolean {
    return this.#deps.clock.monotonic() - this.#acknowledgedAt > acknowledgeEveryMs
  }

  async #acknowledge(
    { shards }: Pick<Stretch, 'shards'>,
    passage: Passage,
    position: Position,
  ): Promise<void> {
    this.#acknowledgedAt = this.#deps.clock.monotonic()
    const isDone = position.tickTo === undefined
    const moved = shards.map((shard) => ({
      ...shard,
      ...position,
      crashes: isDone ? 0 : shard.crashes,
    }))
    const rows = passage.takeRows(isDone ? undefined : position.lastSeq)
    await this.#deps.ownership.acknowledge({ shards: moved, ...rows })
  }
}
