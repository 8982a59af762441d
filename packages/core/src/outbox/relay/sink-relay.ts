import type { Clock } from '../../clock.ts'
import type { Diagnostics } from '../../diagnostics.ts'
import { startTimer } from '../../resilience/timer.ts'
import type { SqlClient } from '../../stores/sql-client.ts'
import type { AttemptLimits } from '../delivery.ts'
import { retryDue } from '../failures/retry.ts'
import { SurvivedAttempts } from '../failures/survived-attempts.ts'
import type { TickLog } from '../log/tick-log.ts'
import { sinkDefaults, type Sink } from '../sink.ts'
import { openCursors } from './cursor.ts'
import { HandOver } from './hand-over.ts'
import { IntervalReader } from './interval-reader.ts'
import { Ownership } from './ownership.ts'
import { Pace } from './pace.ts'
import { StretchDelivery } from './stretch-delivery.ts'
import { Wake } from './wake.ts'

/** Dependencies of the loop of a sink. */
export interface SinkRelayDeps {
  readonly sink: Sink
  readonly owner: string
  readonly sql: SqlClient
  readonly ticks: TickLog
  readonly clock: Clock
  readonly diagnostics: Diagnostics
  readonly leaseMs: number
  readonly limits: AttemptLimits
  /** Whether the outbox may be used. */
  readonly isAllowed: () => boolean
  /** Called for every failure of the loop, which continues. */
  readonly onError: (error: unknown) => void
}

const pauses = { retryMs: 1_000, stuckMs: 250, errorMs: 250 }
const saves = { withEventsMs: 250, withoutEventsMs: 1_000 }

/**
 * The loop that delivers the log to one sink: own a fair share of the shards · retry the stuck
 * events that are due · read the next stretch · hand it over · acknowledge. It does one thing at a
 * time, so that nothing overtakes; no transaction is open while the sink works.
 */
export class SinkRelay {
  readonly #deps: SinkRelayDeps
  readonly #ownership: Ownership
  readonly #reader: IntervalReader
  readonly #pace: Pace
  readonly #handOver: HandOver
  readonly #stretches: StretchDelivery
  readonly #survived = new SurvivedAttempts()
  readonly #wake = new Wake()
  #isStopping = false
  #savesEagerly = false
  #hasUnsavedEvents = false
  #nextRetryAt = 0
  #running: Promise<void> | undefined
  #pulseTimer: NodeJS.Timeout | undefined

  constructor(deps: SinkRelayDeps) {
    const { sink, owner, sql, ticks, clock, diagnostics, leaseMs, limits } = deps
    const ownership = new Ownership({ sql, owning: { sink, owner, leaseMs }, clock, ticks })
    const pace = new Pace({
      maxBatch: sink.batchSize ?? sinkDefaults.batchSize,
      maxBackOffMs: limits.maxBackOffMs,
    })
    const shared = { sink, ownership, pace, clock, diagnostics }
    this.#deps = deps
    this.#ownership = ownership
    this.#pace = pace
    this.#reader = new IntervalReader({ sql, ticks, sink, clock })
    this.#handOver = new HandOver(shared)
    this.#stretches = new StretchDelivery({
      ...shared,
      handOver: this.#handOver,
      limits,
      isStopping: () => this.#isStopping,
    })
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Makes the loop look for work at once. */
  wake(): void {
    this.#wake.wake()
  }

  /** Makes the loop read its positions again before it acknowledges anything. */
  resync(): void {
    this.#ownership.requireResync()
    this.#reader.forget()
  }

  /** Whether positions are written as soon as they move, even where they moved over no event. */
  saveEagerly(isEager: boolean): void {
    this.#savesEagerly = isEager
    this.#wake.wake()
  }

  /**
   * Ends the loop. The batch in progress may end within `deadlineMs`; then it is interrupted, and
   * the next owner of its shards delivers it again. The shards are released, unless the sink did
   * not return: then they stay owned until the lease ends.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true
    this.#wake.wake()
    const cancel = startTimer(deadlineMs, () => {
      this.#ownership.lease.interrupt('the relay is stopping')
    })
    await this.#running
    cancel()
    clearTimeout(this.#pulseTimer)
    if (this.#running !== undefined && !this.#handOver.hasAbandoned)
      await this.#ownership.leave().catch(this.#deps.onError)
  }

  async #run(): Promise<void> {
    while (!this.#isStopping && !(await this.#open())) await this.#wake.sleep(pauses.errorMs)
    while (!this.#isStopping) await this.#wake.sleep(await this.#step().catch(this.#recover))
    await this.#ownership.save(0).catch(this.#deps.onError)
  }

  /** One round. Returns the time for which there is nothing to do, in milliseconds. */
  async #step(): Promise<number> {
    const { clock, isAllowed } = this.#deps
    if (!isAllowed()) return pauses.errorMs
    if (!this.#ownership.lease.isSafe) await this.#ownership.pulse()
    await this.#ownership.balance()
    const restMs = this.#pace.restMs(clock.monotonic())
    if (restMs > 0) return restMs
    if (clock.monotonic() >= this.#nextRetryAt && (await this.#retry())) return 0
    const hadStretch = await this.#deliverNext()
    await this.#save({ isIdle: !hadStretch })
    return hadStretch ? 0 : Math.max(1, this.#nextRetryAt - clock.monotonic())
  }

  async #retry(): Promise<boolean> {
    const { sql, sink, limits, clock, diagnostics } = this.#deps
    const hasWorked = await retryDue({
      sql,
      sink: sink.name,
      shards: this.#ownership,
      limits,
      diagnostics,
      survived: this.#survived,
      handOver: (events) => this.#handOver.probe(events),
    })
    const pauseMs = this.#ownership.hasStuck ? pauses.stuckMs : pauses.retryMs
    if (!hasWorked) this.#nextRetryAt = clock.monotonic() + pauseMs
    return hasWorked
  }

  async #deliverNext(): Promise<boolean> {
    const stretch = await this.#reader.next(this.#ownership.shards)
    if (stretch === undefined) return false
    const end = await this.#stretches.deliver(stretch)
    if (end === 'unsaved') this.#hasUnsavedEvents = true
    if (end === 'set-aside') this.#nextRetryAt = 0
    return true
  }

  /**
   * Writes positions periodically while there is work, and at once when events were passed and none
   * is left.
   */
  async #save({ isIdle }: { readonly isIdle: boolean }): Promise<void> {
    const isAtOnce = this.#savesEagerly || (isIdle && this.#hasUnsavedEvents)
    const everyMs = this.#hasUnsavedEvents ? saves.withEventsMs : saves.withoutEventsMs
    await this.#ownership.save(isAtOnce ? 0 : everyMs)
    if (isIdle) this.#hasUnsavedEvents = false
  }

  async #open(): Promise<boolean> {
    try {
      await this.#register()
      this.#pulseLater()
      return true
    } catch (error) {
      this.#deps.onError(error)
      return false
    }
  }

  async #register(): Promise<void> {
    await openCursors(this.#deps.sql, this.#deps)
    await this.#ownership.pulse()
  }

  #pulseLater(): void {
    this.#pulseTimer = setTimeout(() => {
      const isForsaken = this.#ownership.isForsaken
      void (isForsaken ? this.#register() : this.#ownership.pulse())
        .catch(this.#deps.onError)
        .then(() => {
          this.#wake.wake()
          if (!this.#isStopping) this.#pulseLater()
        })
    }, this.#deps.leaseMs / 3)
  }

  readonly #recover = (error: unknown): number => {
    this.#deps.onError(error)
    this.resync()
    return pauses.errorMs
  }
}
