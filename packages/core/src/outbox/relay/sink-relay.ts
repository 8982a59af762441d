import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import { callSink } from './call-sink.ts'
import { openCursors, type Position } from './cursor.ts'
import { deliver, type Answer, type Delivery } from './deliver.ts'
import { IntervalReader, type Stretch } from '../log/interval-reader.ts'
import { Ownership } from './ownership.ts'
import { Pace } from './pace.ts'
import type { OutboxEvent } from '../log/event.ts'
import { aggregateKey } from '../failures/park.ts'
import { Passage } from './passage.ts'
import type { LoggedEvent } from '../log/read-events.ts'
import { retryDue } from '../failures/retry.ts'
import { sinkDefaults, type Sink, type SinkFailure } from '../sink.ts'
import type { TickLog } from '../log/tick-log.ts'
import { Wake } from './wake.ts'

/** What the loop of a sink runs on. */
export interface SinkRelayOptions {
  readonly sink: Sink
  readonly owner: string
  readonly sql: SqlClient
  readonly ticks: TickLog
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly leaseMs: number
  readonly limits: { readonly maxAttempts: number; readonly maxBackOffMs: number }
  /** Whether the outbox may be used. */
  readonly isAllowed: () => boolean
  /** Told of every failure of the loop; it goes on. */
  readonly onError: (error: unknown) => void
}

const pauses = { retryMs: 1_000, stuckMs: 250, saveMs: 1_000, acknowledgeMs: 250, errorMs: 250 }
const carefulBatch = 50
const probesBeforeParking = 5

/**
 * The loop that takes the log to one sink: own a fair share of the shards · retry what is stuck and
 * due · read the next stretch · hand it over · acknowledge. One thing at a time, so that nothing
 * overtakes; no transaction is open while the sink works.
 */
export class SinkRelay {
  readonly #options: SinkRelayOptions
  readonly #ownership: Ownership
  readonly #reader: IntervalReader
  readonly #pace: Pace
  readonly #wake = new Wake()
  #isStopping = false
  #isEager = false
  #hasAbandoned = false
  #hasPassedEvents = false
  #nextRetryMs = 0
  #acknowledgedMs = 0
  #running: Promise<void> | undefined
  #beatTimer: NodeJS.Timeout | undefined

  constructor(options: SinkRelayOptions) {
    const { sink, owner, sql, ticks, clock, leaseMs } = options
    this.#options = options
    this.#ownership = new Ownership({ sql, owning: { sink: sink.name, owner, leaseMs }, clock })
    this.#reader = new IntervalReader({ sql, ticks, sink, clock })
    this.#pace = new Pace({
      maxBatch: sink.batchSize ?? sinkDefaults.batchSize,
      maxBackOffMs: options.limits.maxBackOffMs,
    })
  }

  /** Starts the loop. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Has the loop look for work at once. */
  wake(): void {
    this.#wake.wake()
  }

  /** Has the loop take nothing for granted that it read before, and acknowledge nothing of it. */
  doubt(): void {
    this.#ownership.doubt()
    this.#reader.forget()
  }

  /**
   * Says whether positions are to be written down as soon as they move, even where they moved over
   * nothing.
   */
  saveEagerly(isEager: boolean): void {
    this.#isEager = isEager
    this.#wake.wake()
  }

  /**
   * Ends the loop. The batch under way may end within `deadlineMs`, then it is interrupted and
   * whoever owns the shards next delivers it again. The shards are given back, unless the sink did
   * not let go: then the leases run out first.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true
    this.#wake.wake()
    const timer = setTimeout(() => {
      this.#ownership.lease.interrupt('the relay is stopping')
    }, deadlineMs)
    await this.#running
    clearTimeout(timer)
    clearTimeout(this.#beatTimer)
    if (this.#running !== undefined && !this.#hasAbandoned)
      await this.#ownership.leave().catch(this.#report)
  }

  async #run(): Promise<void> {
    while (!this.#isStopping && !(await this.#open())) await this.#wake.sleep(pauses.errorMs)
    while (!this.#isStopping) await this.#wake.sleep(await this.#step().catch(this.#recover))
    await this.#ownership.save(0).catch(this.#report)
  }

  /** One round. Gives back how long there is nothing to do, in milliseconds. */
  async #step(): Promise<number> {
    const { clock } = this.#options
    if (!this.#options.isAllowed()) return pauses.errorMs
    if (!this.#ownership.lease.isSafe) await this.#ownership.beat()
    await this.#ownership.settle()
    const restMs = this.#pace.restMs(clock.monotonic())
    if (restMs > 0) return restMs
    if (clock.monotonic() >= this.#nextRetryMs && (await this.#retry())) return 0
    const stretch = await this.#reader.next(this.#ownership.shards)
    if (stretch !== undefined) await this.#pass(stretch)
    await this.#save(stretch === undefined)
    return stretch === undefined ? Math.max(1, this.#nextRetryMs - clock.monotonic()) : 0
  }

  async #open(): Promise<boolean> {
    try {
      await openCursors(this.#options.sql, this.#options.sink)
      await this.#ownership.beat()
      this.#beatLater()
      return true
    } catch (error) {
      this.#report(error)
      return false
    }
  }

  #beatLater(): void {
    this.#beatTimer = setTimeout(() => {
      void this.#ownership
        .beat()
        .catch(this.#report)
        .then(() => {
          this.#wake.wake()
          if (!this.#isStopping) this.#beatLater()
        })
    }, this.#options.leaseMs / 3)
  }

  async #retry(): Promise<boolean> {
    const { sql, sink, limits, clock, diagnostics } = this.#options
    const hasWorked = await retryDue({
      sql,
      sink: sink.name,
      ownership: this.#ownership,
      limits,
      diagnostics,
      hand: (events) => this.#hand(events, { isProbe: true }),
    })
    const pauseMs = this.#ownership.hasStuck ? pauses.stuckMs : pauses.retryMs
    if (!hasWorked) this.#nextRetryMs = clock.monotonic() + pauseMs
    return hasWorked
  }

  /** Takes a stretch through the sink, batch by batch, and moves the cursors behind it. */
  async #pass(stretch: Stretch): Promise<void> {
    if (stretch.events.length === 0) return this.#ownership.pass(stretch.shards, stretch.end)
    const passage = new Passage(this.#options, this.#ownership)
    const crashes = Math.max(...stretch.shards.map((shard) => shard.crashes))
    if (crashes > 1) return this.#setAside(stretch, passage)
    const isCareful = crashes > 0
    for (const batch of passage.batches(stretch.events, () =>
      isCareful ? Math.min(carefulBatch, this.#pace.batchSize) : this.#pace.batchSize,
    )) {
      const delivery = await this.#hand(passage.admit(batch.events), { isProbe: false })
      passage.take(delivery)
      if (delivery.stoppedAt !== undefined)
        return this.#stopAt(delivery.stoppedAt, { stretch, passage, reason: delivery.reason })
      if (batch.isLast) break
      if (isCareful || this.#isStopping || this.#isTimeToAcknowledge())
        await this.#acknowledge(stretch, passage, stretch.at(batch.lastSeq))
      if (this.#isStopping) return
    }
    if (isCareful || passage.hasRows) return this.#acknowledge(stretch, passage, stretch.end)
    this.#ownership.pass(stretch.shards, stretch.end)
    this.#hasPassedEvents = true
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
    const isPoison = reason !== undefined && (await this.#takesOthersThan(event, stretch.events))
    if (isPoison) passage.fail({ event, kind: 'retryable', failure: reason })
    await this.#acknowledge(stretch, passage, stretch.at(isPoison ? event.seq : event.seq - 1n))
  }

  /**
   * Tells a sink that is down from one that cannot bear a single event: it is offered an event of
   * another aggregate, which will come again.
   */
  async #takesOthersThan(event: LoggedEvent, events: readonly LoggedEvent[]): Promise<boolean> {
    if (this.#pace.failures < probesBeforeParking || this.#pace.batchSize > 1) return false
    const other = events.find(
      (candidate) => candidate.seq > event.seq && aggregateKey(candidate) !== aggregateKey(event),
    )
    if (other === undefined) return false
    const { delivered } = await this.#hand([other], { isProbe: true })
    if (delivered.length > 0) this.#pace.succeeded()
    return delivered.length > 0
  }

  /**
   * Owners have vanished here more than once: each of the next events gets an attempt of its own,
   * which is counted before it begins.
   */
  async #setAside({ shards, events, at, end }: Stretch, passage: Passage): Promise<void> {
    const suspects = events.slice(0, carefulBatch)
    const last = suspects.at(-1)
    passage.suspect(suspects)
    this.#nextRetryMs = 0
    const calmed = shards.map((shard) => ({ ...shard, crashes: 1 }))
    const position = last === undefined || suspects.length === events.length ? end : at(last.seq)
    await this.#acknowledge({ shards: calmed }, passage, position)
  }

  /**
   * Positions are written now and then while there is work, at once when events were passed and
   * there is none left.
   */
  async #save(isIdle: boolean): Promise<void> {
    const isAtOnce = this.#isEager || (isIdle && this.#hasPassedEvents)
    await this.#ownership.save(
      isAtOnce ? 0 : this.#hasPassedEvents ? pauses.acknowledgeMs : pauses.saveMs,
    )
    if (isIdle) this.#hasPassedEvents = false
  }

  #isTimeToAcknowledge(): boolean {
    return this.#options.clock.monotonic() - this.#acknowledgedMs > pauses.acknowledgeMs
  }

  async #acknowledge(
    { shards }: Pick<Stretch, 'shards'>,
    passage: Passage,
    position: Position,
  ): Promise<void> {
    this.#acknowledgedMs = this.#options.clock.monotonic()
    const upTo = position.tickTo === undefined ? undefined : position.lastSeq
    const isDone = position.tickTo === undefined
    const moved = shards.map((shard) => ({
      ...shard,
      ...position,
      crashes: isDone ? 0 : shard.crashes,
    }))
    await this.#ownership.acknowledge({ shards: moved, ...passage.rows(upTo) })
  }

  async #hand(
    events: readonly LoggedEvent[],
    { isProbe }: { readonly isProbe: boolean },
  ): Promise<Delivery> {
    const { sink, clock, diagnostics } = this.#options
    const [first] = events
    if (first === undefined) return { delivered: [], failed: [], waiting: [] }
    const startedMs = clock.monotonic()
    const delivery = await deliver(events, (batch) => this.#call(batch))
    const count = delivery.delivered.length
    if (count > 0) {
      diagnostics.emit('outbox:delivered', {
        sink: sink.name,
        count,
        durationMs: clock.monotonic() - startedMs,
        lagMs: clock.now() - first.createdAt.getTime(),
      })
    }
    if (delivery.reason !== undefined)
      diagnostics.emit('outbox:failed', {
        sink: sink.name,
        count: events.length - count,
        retryable: true,
        error: delivery.reason,
      })
    if (isProbe) return delivery
    if (delivery.reason !== undefined) this.#pace.failed(clock.monotonic())
    else if (delivery.stoppedAt === undefined) this.#pace.succeeded()
    return delivery
  }

  async #call(batch: readonly LoggedEvent[]): Promise<Answer> {
    const { sink } = this.#options
    const fences = new Map(this.#ownership.shards.map(({ shard, fence }) => [shard, fence]))
    const guard = this.#ownership.lease.guard(sink.timeoutMs ?? sinkDefaults.timeoutMs)
    const fence = (event: OutboxEvent): bigint => fences.get((event as LoggedEvent).shard) ?? 0n
    const answer = await callSink(sink, batch, { signal: guard.signal, fence })
    guard.dismiss()
    if ('isAbandoned' in answer && answer.isAbandoned === true) this.#hasAbandoned = true
    return answer
  }

  readonly #recover = (error: unknown): number => {
    this.#report(error)
    this.doubt()
    return pauses.errorMs
  }

  readonly #report = (error: unknown): void => {
    this.#options.onError(error)
  }
}
