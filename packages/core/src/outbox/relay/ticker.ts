import type { SqlClient } from '../../stores/sql-client.ts'
import type { TickLog } from '../log/tick-log.ts'
import { advance, type Tick, type TickPace } from '../log/tick.ts'
import { Wake } from './wake.ts'

/** Dependencies of a ticker. */
export interface TickerDeps {
  readonly sql: SqlClient
  readonly ticks: TickLog
  readonly pace: TickPace
  /** The longest pause between two looks at an idle log, in milliseconds. */
  readonly maxPollMs: number
  /** Called for every new tick. */
  readonly onTick: () => void
  /** Called for every failure; the ticker continues. */
  readonly onError: (error: unknown) => void
}

/**
 * Makes ticks: at once after a commit of this process, otherwise when it finds new events. It looks
 * less and less often while it finds none.
 */
export class Ticker {
  readonly #deps: TickerDeps
  readonly #wake = new Wake()
  #isStopping = false
  #pauseMs: number
  #running: Promise<void> | undefined

  constructor(deps: TickerDeps) {
    this.#deps = deps
    this.#pauseMs = deps.pace.gapMs
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Looks at once. */
  wake(): void {
    this.#wake.wake()
  }

  /** Makes a tick that covers everything committed before the call, and returns the newest one. */
  async tickNow(): Promise<Tick> {
    for (;;) {
      const { newest, dueMs } = await advance(this.#deps.sql, { gapMs: 0, maxEvents: 0 })
      this.#take(newest)
      if (dueMs === undefined) return newest
      // Another relay holds the lock: its tick may be older than the call.
      await new Wake().sleep(dueMs)
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#wake.wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) await this.#wake.sleep(await this.#look())
  }

  async #look(): Promise<number> {
    const { sql, pace, maxPollMs, onError } = this.#deps
    try {
      const { newest, dueMs } = await advance(sql, pace)
      const isNew = this.#take(newest)
      this.#pauseMs = isNew ? pace.gapMs : Math.min(this.#pauseMs * 1.5, maxPollMs)
      return Math.min(dueMs ?? this.#pauseMs, this.#pauseMs)
    } catch (error) {
      onError(error)
      return maxPollMs
    }
  }

  #take(tick: Tick): boolean {
    const isNew = this.#deps.ticks.newest?.id !== tick.id
    this.#deps.ticks.add(tick)
    if (isNew) this.#deps.onTick()
    return isNew
  }
}
