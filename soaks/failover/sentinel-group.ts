import {
  type RedisSentinels,
  type RedisServer,
  startRedisSentinels,
  startRedisServer,
} from '@headwater/testing'
import { redisName } from './rows.ts'

/** Redis and its replica, with three Sentinels that know them. */
export class SentinelGroup {
  readonly #servers: readonly RedisServer[]
  readonly #sentinels: RedisSentinels

  private constructor(servers: readonly RedisServer[], sentinels: RedisSentinels) {
    this.#servers = servers
    this.#sentinels = sentinels
  }

  /** Starts all of them. */
  static async start(): Promise<SentinelGroup> {
    const [primary, replica] = await Promise.all([startRedisServer(), startRedisServer()])
    await replica.becomeReplicaOf(primary.url)
    const sentinels = await startRedisSentinels(primary, { name: redisName })
    return new SentinelGroup([primary, replica], sentinels)
  }

  /** The addresses of the Sentinels. */
  get addresses(): RedisSentinels['addresses'] {
    return this.#sentinels.addresses
  }

  /** Makes the replica the primary, and the primary the replica. */
  failOver(): Promise<void> {
    return this.#sentinels.failOver()
  }

  /** Stops all of them. */
  async stop(): Promise<void> {
    await this.#sentinels.stop()
    await Promise.all(this.#servers.map((server) => server.stop()))
  }
}
