import { setTimeout } from 'node:timers/promises'
import type { FaultProxy } from '@headwater/testing'
import type { Berth } from './berth.ts'
import type { RestartableMongodb } from './restartable-mongodb.ts'

interface Play {
  readonly fault: string
  readonly weight: number
  readonly run: () => Promise<void>
}

const shortestQuietMs = 200
const longestQuietMs = 1_500

/** Plays one fault after the other, with pauses between them, and counts them. */
export class Chaos {
  readonly faults = new Map<string, number>()
  readonly #berths: readonly Berth[]
  readonly #mongodb: RestartableMongodb

  constructor(berths: readonly Berth[], mongodb: RestartableMongodb) {
    this.#berths = berths
    this.#mongodb = mongodb
  }

  /** Plays faults until `ms` have passed, then repairs everything. */
  async run(ms: number): Promise<void> {
    const end = performance.now() + ms
    for (;;) {
      await setTimeout(
        Math.min(between(shortestQuietMs, longestQuietMs), Math.max(0, end - performance.now())),
      )
      if (performance.now() >= end) return
      const { fault, run } = this.#draw()
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1)
      await run()
    }
  }

  #draw(): Play {
    const plays = this.#plays()
    let left = Math.random() * plays.reduce((sum, { weight }) => sum + weight, 0)
    return plays.find(({ weight }) => (left -= weight) <= 0) ?? (plays[0] as Play)
  }

  #plays(): readonly Play[] {
    const all = this.#berths.map(({ mongodb }) => mongodb)
    const one = this.#berths[Math.floor(Math.random() * this.#berths.length)] as Berth
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

function between(least: number, most: number): number {
  return least + Math.random() * (most - least)
}
