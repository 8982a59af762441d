import { setTimeout } from 'node:timers/promises'
import type { FaultName, PlannedFault } from './fault.ts'

/** A fault that was played. Times are milliseconds since the load began. */
export interface PlayedFault {
  readonly fault: FaultName
  readonly fromMs: number
  /** `Infinity` while it lasts. */
  toMs: number
}

/** Begins and ends a fault. */
export interface FaultPlayer {
  begin(fault: FaultName): Promise<unknown>
  end(fault: FaultName): Promise<unknown>
}

/** When each fault began and ended. */
export class Timeline {
  readonly #played: PlayedFault[] = []

  /** The faults so far, in their order. */
  get played(): readonly PlayedFault[] {
    return this.#played
  }

  /** Plays a schedule that begins now. The last fault is over when it resolves. */
  async play(plan: readonly PlannedFault[], player: FaultPlayer): Promise<void> {
    const startedAt = performance.now()
    const nowMs = (): number => performance.now() - startedAt
    const until = (seconds: number) => setTimeout(Math.max(0, seconds * 1_000 - nowMs()))
    for (const { fault, atSeconds, forSeconds } of plan) {
      await until(atSeconds)
      const played = this.began(fault, nowMs())
      await player.begin(fault)
      await until(atSeconds + forSeconds)
      await player.end(fault)
      played.toMs = nowMs()
    }
  }

  /** Notes that a fault begins. */
  began(fault: FaultName, fromMs: number): PlayedFault {
    const played = { fault, fromMs, toMs: Infinity }
    this.#played.push(played)
    return played
  }

  /**
   * The period of a request: `2n` when it lived after n faults and met none, `2n + 1` when it met
   * the nth, counted from 0, and none after it.
   */
  periodOf(arrivedMs: number, endedMs: number): number {
    const last = this.#played.findLastIndex(({ fromMs }) => fromMs <= endedMs)
    const toMs = this.#played[last]?.toMs ?? -Infinity
    return toMs >= arrivedMs ? 2 * last + 1 : 2 * (last + 1)
  }
}
