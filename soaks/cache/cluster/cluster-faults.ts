import { anyOf, weighted } from '../../run/chance.ts'
import type { Faults } from '../faults.ts'
import type { Fleet } from '../fleet.ts'
import type { Play } from '../play.ts'
import { beforeCommits, type FailingPostgres, postgresPlays } from '../postgres-plays.ts'
import type { Shard } from './shard.ts'
import { moveSlots } from './slot-migration.ts'

const postgresShare = 0.25

/** Faults of a cluster, each once a round, and of PostgreSQL between them. */
export class ClusterFaults implements Faults {
  /** By this one, caches and sessions that are written by hand are found out the soonest. */
  readonly opening: Play
  readonly #fleet: Fleet
  readonly #postgres: FailingPostgres
  readonly #shards: readonly Shard[]
  #turn = 0
  #round: Play[] = []
  #rounds = 0

  constructor(fleet: Fleet, postgres: FailingPostgres, shards: readonly Shard[]) {
    this.#fleet = fleet
    this.#postgres = postgres
    this.#shards = shards
    this.opening = this.#ofCluster()
  }

  next(): Play {
    return Math.random() < postgresShare
      ? weighted(postgresPlays(this.#fleet, this.#postgres))
      : this.#ofCluster()
  }

  #ofCluster(): Play {
    if (this.#round.length === 0) this.#round = this.#newRound()
    return this.#round.shift() as Play
  }

  /** The first round is in this order, without an election, which takes the longest. */
  #newRound(): Play[] {
    this.#rounds += 1
    return this.#rounds === 1 ? this.#plays() : shuffled([...this.#plays(), this.#election()])
  }

  #plays(): Play[] {
    return [
      play('kill a master, its late replica takes over', () => this.#shard.takeOverLate()),
      play('move slots with their keys', () => this.#moveSlots({ withKeys: true })),
      play('kill a master, restart it empty', () => this.#shard.returnEmpty()),
      play('hang PostgreSQL for the writers, a late replica takes over', () =>
        this.#takeOverBeforeCommits(),
      ),
      play('kill a master, restart it from an older snapshot', () => this.#shard.returnOlder()),
      play('SIGSTOP a master', () => this.#shard.hang()),
      play('move slots without their keys', () => this.#moveSlots({ withKeys: false })),
      play('fail a master over to its replica', () => this.#shard.failOver()),
      play('FLUSHALL of a master', () => this.#shard.flush()),
      play('kill a master, its replica takes over', () => this.#shard.takeOver()),
    ]
  }

  async #takeOverBeforeCommits(): Promise<void> {
    const takeOver = await this.#shard.fallBehind()
    await beforeCommits(this.#fleet, takeOver)
  }

  #election(): Play {
    return play('kill a master until its replica is elected', () => this.#shard.elect())
  }

  /** A shard that had the longest time to become whole. */
  get #shard(): Shard {
    this.#turn += 1
    return this.#shards[this.#turn % this.#shards.length] as Shard
  }

  async #moveSlots({ withKeys }: { readonly withKeys: boolean }): Promise<void> {
    const from = this.#shard
    const to = anyOf(this.#shards.filter((shard) => shard !== from))
    const others = this.#shards.filter((shard) => shard !== from && shard !== to)
    const [source, target, ...further] = await Promise.all(
      [from, to, ...others].map(async (shard) => (await shard.whole()).master),
    )
    if (source === undefined || target === undefined) return
    await moveSlots({ from: source, to: target, others: further, withKeys })
  }
}

function play(fault: string, run: () => Promise<void>): Play {
  return { fault, weight: 1, run }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)
}
