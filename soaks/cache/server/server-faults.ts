import { setTimeout } from 'node:timers/promises'
import type { RedisServer } from '@headwater/testing'
import { anyOf, between, weighted } from '../../run/chance.ts'
import type { Faults } from '../faults.ts'
import type { Fleet } from '../fleet.ts'
import { nearPlays, openingPlay } from '../near/near-plays.ts'
import type { Play } from '../play.ts'
import { beforeCommits, type FailingPostgres, postgresPlays } from '../postgres-plays.ts'
import type { WorkerSlot } from '../worker-slot.ts'
import { evictKeys } from './evictions.ts'
import { Failover } from './failover.ts'

const nearShare = 0.5

/** The servers that fail. */
export interface FailingServers extends FailingPostgres {
  readonly redis: RedisServer
  readonly replica: RedisServer
}

/** Faults of one Redis, drawn by their weight. */
export class ServerFaults implements Faults {
  readonly opening: Play | undefined
  readonly #fleet: Fleet
  readonly #servers: FailingServers
  readonly #failover: Failover
  #hasSnapshot = false

  constructor(fleet: Fleet, servers: FailingServers) {
    this.opening = openingPlay(fleet)
    this.#fleet = fleet
    this.#servers = servers
    this.#failover = new Failover(servers.redis, servers.replica)
  }

  next(): Play {
    const ofNear = nearPlays(this.#fleet)
    return weighted(
      ofNear.length > 0 && Math.random() < nearShare
        ? ofNear
        : [...this.#linkPlays(), ...this.#plays(), ...postgresPlays(this.#fleet, this.#servers)],
    )
  }

  beside(ending: AbortSignal): Promise<void> {
    return evictKeys(this.#servers.redis, ending)
  }

  #linkPlays(): readonly Play[] {
    const { slots, writers } = this.#fleet
    const [one, writer] = [anyOf(slots), anyOf(writers)]
    return [
      { fault: `cut ${one.name}`, weight: 3, slot: one, run: () => during(50, 900, [one], 'cut') },
      {
        fault: `hang ${one.name}`,
        weight: 3,
        slot: one,
        run: () => during(50, 900, [one], 'hang'),
      },
      {
        fault: `cut ${writer.name}`,
        weight: 2,
        slot: writer,
        run: () => during(50, 900, [writer], 'cut'),
      },
      { fault: 'cut every process', weight: 2, run: () => during(0, 400, slots, 'cut') },
      { fault: 'hang every process', weight: 2, run: () => during(50, 500, slots, 'hang') },
    ]
  }

  #plays(): readonly Play[] {
    const { slots } = this.#fleet
    return [
      { fault: 'SIGSTOP Redis', weight: 2, run: () => this.#pause() },
      {
        fault: 'kill Redis, restart it empty',
        weight: 2,
        run: () => this.#restart({ keepData: false }),
      },
      { fault: 'snapshot', weight: 2, isOfRedis: false, run: () => this.#snapshot() },
      {
        fault: 'kill Redis, restart it from its snapshot',
        weight: this.#hasSnapshot ? 3 : 0,
        run: () => this.#restart({ keepData: true }),
      },
      {
        fault: 'fail Redis over to its replica and back',
        weight: 3,
        run: () => this.#failover.thereAndBack(slots.flatMap(({ ways }) => ways)),
      },
      {
        fault: 'demote Redis and promote it again',
        weight: 2,
        run: () => this.#failover.demote(),
      },
      {
        fault: 'hang PostgreSQL for the writers, kill Redis and restart it empty',
        weight: 4,
        run: () => beforeCommits(this.#fleet, () => this.#restart({ keepData: false, restMs: 0 })),
      },
    ]
  }

  async #pause(): Promise<void> {
    const { redis } = this.#servers
    await redis.pause()
    await setTimeout(between(20, 500))
    await redis.resume()
  }

  async #snapshot(): Promise<void> {
    await this.#servers.redis.snapshot()
    this.#hasSnapshot = true
  }

  async #restart({
    keepData,
    restMs = between(0, 300),
  }: {
    readonly keepData: boolean
    readonly restMs?: number
  }): Promise<void> {
    const { redis } = this.#servers
    await redis.kill()
    await setTimeout(restMs)
    await redis.restart({ keepData })
    this.#hasSnapshot = keepData
  }
}

async function during(
  leastMs: number,
  mostMs: number,
  slots: readonly WorkerSlot[],
  verb: 'cut' | 'hang',
): Promise<void> {
  for (const { redis } of slots) redis?.[verb]()
  await setTimeout(between(leastMs, mostMs))
  for (const { redis } of slots) redis?.restore()
}
