import { setTimeout } from 'node:timers/promises'
import type { FaultProxy, RedisServer } from '@headwater/testing'
import { rest } from '../../run/play.ts'

const syncPatienceMs = 10_000
const nobody = 'redis://127.0.0.1:1'

/** Redis with a replica that takes over, and gives back. */
export class Failover {
  readonly #redis: RedisServer
  readonly #replica: RedisServer

  constructor(redis: RedisServer, replica: RedisServer) {
    this.#redis = redis
    this.#replica = replica
  }

  /**
   * Fails over to the replica and back. The demoted server receives nothing in the meantime, so
   * that it comes back with the data it had, and with the run id it had.
   */
  async thereAndBack(proxies: readonly FaultProxy[]): Promise<void> {
    await this.#replica.becomeReplicaOf(this.#redis.url)
    if (!(await this.#isInSync())) return
    await this.#redis.becomeReplicaOf(nobody)
    await this.#replica.becomePrimary()
    for (const proxy of proxies) proxy.moveTo(this.#replica.url)
    await rest({ leastMs: 200, mostMs: 2_000 })
    await this.#redis.becomePrimary()
    for (const proxy of proxies) proxy.moveTo(this.#redis.url)
  }

  /** Demotes the server and promotes it again under the connections that are open. */
  async demote(): Promise<void> {
    await this.#redis.becomeReplicaOf(nobody)
    await rest({ leastMs: 50, mostMs: 3_000 })
    await this.#redis.becomePrimary()
  }

  async #isInSync(): Promise<boolean> {
    for (const endMs = performance.now() + syncPatienceMs; performance.now() < endMs;) {
      if (await this.#replica.isInSync()) return true
      await setTimeout(20)
    }
    return false
  }
}
