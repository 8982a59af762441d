import type { SqlClient } from '../../stores/sql-client.ts'
import { advance, type Tick, type TickPace } from './tick.ts'
import type { TickLog } from './tick-log.ts'
import { Wake } from '../relay/wake.ts'

/** What a ticker runs on. */
export interface TickerOptions {
  readonly sql: SqlClient
  readonly ticks: TickLog
  readonly pace: TickPace
  /** The longest pause between two looks at an idle log, in milliseconds. */
  readonly maxPollMs: number
  /** Told of every new tick. */
  readonly onTick: () => void
  /** Told of every failure; the ticker goes on. */
  readonly onError: (error: unknown) => void
}

/**
 * Makes ticks: at once when it is told of a commit, otherwise when it finds something new; looks
 * less and less often while it finds nothing.
 */
export class Ticker {
  readonly #options: TickerOptions
  readonly #wake = new Wake()
  #isStopping = false
  #pauseMs: number
  #running: Promise<void> | undefined

  constructor(options: TickerOptions) {
    this.#options = options
    this.#pauseMs = options.pace.gapMs
  }

  /** Starts looking. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Has it look at once. */
  hint(): void {
    this.#wake.wake()
  }

  /** Makes a tick that covers everything committed before the call; gives back the newest one. */
  async tickNow(): Promise<Tick> {
    for (;;) {
      const { newest, dueMs } = await advance(this.#options.sql, { gapMs: 0, maxEvents: 0 })
      this.#take(newest)
      if (dueMs === undefined) return newest
      // Another relay holds the lock: its tick may be older than the call.
      await new Wake().sleep(dueMs)
    }
  }

  /** Stops looking. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#wake.wake()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) await this.#wake.sleep(await this.#look())
  }

  async #look(): Promise<number> {
    const { sql, pace, maxPollMs, onError } = this.#options
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
    const isNew = this.#options.ticks.newest?.id !== tick.id
    this.#options.ticks.add(tick)
    if (isNew) this.#options.onTick()
    return isNew
  }
}
