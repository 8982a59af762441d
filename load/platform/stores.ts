import {
  type FaultProxy,
  faultProxy,
  type OpenaiStandIn,
  type PineconeStandIn,
  type PostgresServer,
  type RedisServer,
  startMongodbStandIn,
  startOpenaiStandIn,
  startPineconeStandIn,
  startPostgresServer,
  startRedisServer,
} from '@headwater/testing'
import type { FaultName } from '../faults/fault.ts'

const dimensions = 1_536
/** Each way, so that a round trip takes twice as long. */
const slowRedisMs = 50

/** Where the stores are. */
export interface StoreAddresses {
  readonly postgresUrl: string
  readonly redisUrl: string
  readonly mongodbUrl: string
  readonly services: Readonly<Record<'pinecone' | 'openai', { url: string; apiKey: string }>>
}

interface Servers {
  readonly postgres: PostgresServer
  readonly redis: RedisServer
  readonly pinecone: PineconeStandIn
  readonly openai: OpenaiStandIn
  /** Before the stores that are proxied; none when no fault is to be played. */
  readonly proxies: Readonly<Record<'postgres' | 'redis' | 'mongodb', FaultProxy>> | undefined
}

/** The stores of a load, and their faults. They end with the process. */
export class LoadStores {
  readonly addresses: StoreAddresses
  readonly #servers: Servers

  private constructor(addresses: StoreAddresses, servers: Servers) {
    this.addresses = addresses
    this.#servers = servers
  }

  /** Starts them; only with `isProxied` do the stores have faults. */
  static async start({ isProxied }: { readonly isProxied: boolean }): Promise<LoadStores> {
    const [postgres, redis, mongodb, pinecone, openai] = await Promise.all([
      startPostgresServer(),
      startRedisServer(),
      startMongodbStandIn(),
      startPineconeStandIn({ indexes: [{ name: 'course-search', dimension: dimensions }] }),
      startOpenaiStandIn({ dimensions }),
    ])
    const proxies = isProxied
      ? {
          postgres: await faultProxy(postgres.url),
          redis: await faultProxy(redis.url),
          mongodb: await faultProxy(mongodb.url),
        }
      : undefined
    const addresses: StoreAddresses = {
      postgresUrl: (proxies?.postgres ?? postgres).url,
      redisUrl: (proxies?.redis ?? redis).url,
      mongodbUrl: (proxies?.mongodb ?? mongodb).url,
      services: {
        pinecone: { url: pinecone.url, apiKey: pinecone.apiKey },
        openai: { url: openai.url, apiKey: openai.apiKey },
      },
    }
    return new LoadStores(addresses, { postgres, redis, pinecone, openai, proxies })
  }

  /** Begins a fault. */
  async begin(fault: FaultName): Promise<void> {
    const { redis, pinecone, openai } = this.#servers
    switch (fault) {
      case 'redis-killed':
        await redis.snapshot()
        return redis.kill()
      case 'redis-slow':
        return this.#proxies.redis.delay(slowRedisMs)
      case 'redis-hung':
        return this.#proxies.redis.hang()
      case 'postgres-cut':
        return this.#proxies.postgres.cut()
      case 'mongodb-hung':
        return this.#proxies.mongodb.hang()
      case 'pinecone-down':
        return pinecone.faults.cut()
      case 'openai-down':
        return openai.faults.cut()
    }
  }

  /** Ends a fault. */
  async end(fault: FaultName): Promise<void> {
    const { redis, pinecone, openai } = this.#servers
    switch (fault) {
      case 'redis-killed':
        return redis.restart({ keepData: true })
      case 'redis-slow':
      case 'redis-hung':
        return this.#proxies.redis.restore()
      case 'postgres-cut':
        return this.#proxies.postgres.restore()
      case 'mongodb-hung':
        return this.#proxies.mongodb.restore()
      case 'pinecone-down':
        return pinecone.faults.restore()
      case 'openai-down':
        return openai.faults.restore()
    }
  }

  /** Stops the servers that are processes of their own. */
  async stop(): Promise<void> {
    const { postgres, redis } = this.#servers
    await Promise.all([postgres.stop(), redis.stop()])
  }

  get #proxies(): NonNullable<Servers['proxies']> {
    if (this.#servers.proxies === undefined) throw new Error('these stores have no faults')
    return this.#servers.proxies
  }
}
