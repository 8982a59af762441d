import { setTimeout } from 'node:timers/promises'
import type { FaultProxy } from '@headwater/testing'
import { anyOf, between, weighted } from '../run/chance.ts'
import type { RestartableMongodb } from './restartable-mongodb.ts'
import type { WorkerSlot } from './worker-slot.ts'

interface Play {
  readonly fault: string
  readonly weight: number
  readonly run: () => Promise<void>
}

const shortestQuietMs = 200
const longestQuietMs = 1_500

/** Plays one fault after the other, with pauses between them, and counts each. */
export class Chaos {
  readonly faults = new Map<string, number>()
  readonly #slots: readonly WorkerSlot[]
  readonly #mongodb: RestartableMongodb

  constructor(slots: readonly WorkerSlot[], mongodb: RestartableMongodb) {
    this.#slots = slots
    this.#mongodb = mongodb
  }

  /** Plays faults for `ms` milliseconds; the last one is over when it resolves. */
  async run(ms: number): Promise<void> {
    const end = performance.now() + ms
    for (;;) {
      await setTimeout(
        Math.min(between(shortestQuietMs, longestQuietMs), Math.max(0, end - performance.now())),
      )
      if (performance.now() >= end) return
      const { fault, run } = weighted(this.#plays())
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1)
      await run()
    }
  }

  #plays(): readonly Play[] {
    const all = this.#slots.map(({ mongodb }) => mongodb)
    const one = anyOf(this.#slots)
    const killed = async () => one.kill()
    return [
      {
        fault: 'MongoDB cut from one',
        weight: 3,
        run: () => during([100, 2_000], [one.mongodb], 'cut'),
      },
      {
        fault: 'MongoDB hangs for one',
        weight: 3,
        run: () => during([100, 2_500], [one.mongodb], 'hang'),
      },
      { fault: 'MongoDB cut from all', weight: 2, run: () => during([100, 3_000], all, 'cut') },
      { fault: 'MongoDB hangs for all', weight: 2, run: () => during([100, 3_000], all, 'hang') },
      { fault: 'MongoDB slow for all', weight: 2, run: () => slowDown(all) },
      { fault: 'MongoDB restarted', weight: 3, run: () => this.#restart() },
      {
        fault: 'PostgreSQL cut from one',
        weight: 2,
        run: () => during([50, 800], [one.postgres], 'cut'),
      },
      {
        fault: 'MongoDB and PostgreSQL cut from one',
        weight: 2,
        run: () => during([50, 1_500], [one.mongodb, one.postgres], 'cut'),
      },
      { fault: 'SIGKILL', weight: 3, run: killed },
      {
        fault: 'SIGKILL while MongoDB hangs',
        weight: 3,
        run: () => during([300, 1_500], all, 'hang', killed),
      },
      {
        fault: 'SIGKILL while MongoDB is cut',
        weight: 2,
        run: () => during([300, 1_500], all, 'cut', killed),
      },
    ]
  }

  async #restart(): Promise<void> {
    await this.#mongodb.stop()
    await setTimeout(between(0, 1_500))
    await this.#mongodb.restart()
  }
}

async function during(
  [leastMs, mostMs]: readonly [number, number],
  proxies: readonly FaultProxy[],
  verb: 'cut' | 'hang',
  then?: () => Promise<void>,
): Promise<void> {
  for (const proxy of proxies) proxy[verb]()
  await setTimeout(between(leastMs, mostMs))
  await then?.()
  for (const proxy of proxies) proxy.restore()
}

async function slowDown(proxies: readonly FaultProxy[]): Promise<void> {
  for (const proxy of proxies) proxy.delay(between(20, 400))
  await setTimeout(between(200, 2_000))
  for (const proxy of proxies) proxy.restore()
}
