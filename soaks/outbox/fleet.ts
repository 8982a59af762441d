import { setTimeout } from 'node:timers/promises'
import { Berth, type FleetOptions } from './berth.ts'

/** Relay processes, each with proxies of its own. */
export class Fleet {
  readonly berths: readonly Berth[]

  private constructor(berths: readonly Berth[]) {
    this.berths = berths
  }

  /** Starts all of them. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const berths = await Promise.all(
      Array.from({ length: options.relays }, (_, index) => Berth.open(`relay-${index}`, options)),
    )
    await Promise.all(berths.map((berth) => berth.fill()))
    return new Fleet(berths)
  }

  /** Processes that were killed. */
  get kills(): number {
    return this.berths.reduce((sum, { kills }) => sum + kills, 0)
  }

  /** Processes that ended by themselves, by an uncaught exception for instance. */
  get falls(): number {
    return this.berths.reduce((sum, { falls }) => sum + falls, 0)
  }

  /** Ends the random faults of the sinks, or the poison. */
  order(order: 'calm' | 'lift-poison'): void {
    for (const berth of this.berths) berth.order(order)
  }

  /**
   * Waits until a relay reports that everything has passed every sink; `false` when none did in
   * time.
   */
  async drain(timeoutMs: number): Promise<boolean> {
    const endMs = performance.now() + timeoutMs
    for (let turn = 0; performance.now() < endMs; turn += 1) {
      if ((await this.berths[turn % this.berths.length]?.drain()) === true) return true
      await setTimeout(100)
    }
    return false
  }

  /** Stops the relays and returns how many stopped in time. */
  async close(): Promise<number> {
    const stopped = await Promise.all(this.berths.map((berth) => berth.close()))
    return stopped.filter(Boolean).length
  }
}
