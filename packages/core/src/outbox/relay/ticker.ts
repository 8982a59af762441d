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

  /**
   * Makes a tick that covers everything committed before the call, and returns the newest one;
   * `undefined` when it is over before that.
   */
  async tickNow(isOver: () => boolean): Promise<Tick | undefined> {
    while (!isOver()) {
      const { newest, dueMs } = await this.#advance({ gapMs: 0, maxEvents: 0 })
      if (dueMs === undefined) return newest
      // Another relay holds the lock: its tick may be older than the call.
      await new Wake().sleep(dueMs)
    }
    return undefined
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
    const { pace, maxPollMs, onError } = this.#deps
    try {
      const { isNew, dueMs } = await this.#advance(pace)
      this.#pauseMs = isNew ? pace.gapMs : Math.min(this.#pauseMs * 1.5, maxPollMs)
      return Math.min(dueMs ?? this.#pauseMs, this.#pauseMs)
    } catch (error) {
      onError(error)
      return maxPollMs
    }
  }

  async #advance(pace: TickPace): Promise<Advance> {
    const { sql, ticks, onTick } = this.#deps
    const { history } = ticks
    const { newest, dueMs } = await advance(sql, pace, history)
    const isNew = ticks.newest?.id !== newest.id
    ticks.add(newest, history)
    if (isNew) onTick()
    return { newest, dueMs, isNew }
  }
}

interface Advance {
  readonly newest: Tick
  readonly dueMs: number | undefined
  readonly isNew: boolean
}
