import { setTimeout } from 'node:timers/promises'
import { Berth, type FleetOptions } from './berth.ts'

/** Relay processes, each behind proxies of its own. */
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

  /** Processes that ended by themselves, as by an exception that nobody caught. */
  get falls(): number {
    return this.berths.reduce((sum, { falls }) => sum + falls, 0)
  }

  /** Ends the faults of the sinks: those that come by chance, or the poison. */
  order(order: 'calm' | 'lift-poison'): void {
    for (const berth of this.berths) berth.order(order)
  }

  /**
   * Waits until everything has passed every sink, as some relay says; `false` when none did in
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

  /** Lets the relays stop; gives back how many did in time. */
  async close(): Promise<number> {
    const stopped = await Promise.all(this.berths.map((berth) => berth.close()))
    return stopped.filter(Boolean).length
  }
}
