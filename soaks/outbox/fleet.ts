import { setTimeout } from 'node:timers/promises'
import { type FleetOptions, WorkerSlot } from './worker-slot.ts'

/** Relay processes, each behind proxies of its own. */
export class Fleet {
  readonly slots: readonly WorkerSlot[]

  private constructor(slots: readonly WorkerSlot[]) {
    this.slots = slots
  }

  /** Starts every relay. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const slots = await Promise.all(
      Array.from({ length: options.relays }, (_, index) =>
        WorkerSlot.open(`relay-${index}`, options),
      ),
    )
    await Promise.all(slots.map((slot) => slot.fill()))
    return new Fleet(slots)
  }

  /** The number of killed relays. */
  get kills(): number {
    return this.slots.reduce((sum, { kills }) => sum + kills, 0)
  }

  /** The number of relays that exited without a kill, such as by an uncaught exception. */
  get falls(): number {
    return this.slots.reduce((sum, { falls }) => sum + falls, 0)
  }

  /** Ends the random faults of the sinks, or the poison. */
  order(order: 'calm' | 'lift-poison'): void {
    for (const slot of this.slots) slot.order(order)
  }

  /** Waits until a relay has drained; resolves to `false` when none did in time. */
  async drain(timeoutMs: number): Promise<boolean> {
    const endMs = performance.now() + timeoutMs
    for (let turn = 0; performance.now() < endMs; turn += 1) {
      if ((await this.slots[turn % this.slots.length]?.drain()) === true) return true
      await setTimeout(100)
    }
    return false
  }

  /** Stops every relay and returns how many stopped in time. */
  async close(): Promise<number> {
    const stopped = await Promise.all(this.slots.map((slot) => slot.close()))
    return stopped.filter(Boolean).length
  }
}
