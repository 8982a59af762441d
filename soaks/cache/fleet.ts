import { faultProxy } from '@headwater/testing'
import type { Notes } from './ledger.ts'
import { type NearCounts, sumOf } from './near/near-counts.ts'
import { isNear } from './subject.ts'
import { type FleetOptions, type WorkerRole, WorkerSlot } from './worker-slot.ts'

/** Readers and writers, each in a process and behind proxies of its own. */
export class Fleet {
  readonly slots: readonly WorkerSlot[]

  private constructor(slots: readonly WorkerSlot[]) {
    this.slots = slots
  }

  /** Starts every worker. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const { readers, writers, visitors, redis: address } = options
    const wayToRedis = async () => ('url' in address ? faultProxy(address.url) : undefined)
    const names = [
      ...numbered('reader', readers),
      ...numbered('writer', writers),
      ...numbered('visitor', visitors),
    ]
    const slots = await Promise.all(
      names.map(async (name) => {
        const [redis, postgres, near] = await Promise.all([
          wayToRedis(),
          faultProxy(options.postgresUrl),
          isNear(options.subject) ? wayToRedis() : undefined,
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

  /** What the processes of these roles have noted. */
  notesOf(...roles: readonly WorkerRole[]): Notes[] {
    return this.slots.filter(({ role }) => roles.includes(role)).flatMap((slot) => slot.notes())
  }
}

function numbered(role: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${role}-${index}`)
}
