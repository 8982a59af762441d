import { faultProxy } from '@headwater/testing'
import type { Notes } from './ledger.ts'
import { type NearCounts, sumOf } from './near/near-counts.ts'
import { isNear } from './subject.ts'
import { type FleetOptions, WorkerSlot } from './worker-slot.ts'

/** Readers and writers, each in a process and behind proxies of its own. */
export class Fleet {
  readonly slots: readonly WorkerSlot[]

  private constructor(slots: readonly WorkerSlot[]) {
    this.slots = slots
  }

  /** Starts every worker. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const names = [...numbered('reader', options.readers), ...numbered('writer', options.writers)]
    const slots = await Promise.all(
      names.map(async (name) => {
        const [redis, postgres, near] = await Promise.all([
          faultProxy(options.redisUrl),
          faultProxy(options.postgresUrl),
          isNear(options.subject) ? faultProxy(options.redisUrl) : undefined,
        ])
        return new WorkerSlot(name, options, { redis, postgres, near })
      }),
    )
    await Promise.all(slots.map((slot) => slot.fill()))
    return new Fleet(slots)
  }

  get writers(): readonly WorkerSlot[] {
    return this.slots.filter(({ role }) => role === 'writer')
  }

  get readers(): readonly WorkerSlot[] {
    return this.slots.filter(({ role }) => role === 'reader')
  }

  /** What the near tiers of all workers have done. */
  get nearCounts(): NearCounts {
    return sumOf(this.slots.map(({ nearCounts }) => nearCounts))
  }

  /** The number of killed workers. */
  get kills(): number {
    return this.slots.reduce((sum, { kills }) => sum + kills, 0)
  }

  async close(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.close()))
  }

  notes(): Notes[] {
    return this.slots.flatMap((slot) => slot.notes())
  }
}

function numbered(role: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${role}-${index}`)
}
